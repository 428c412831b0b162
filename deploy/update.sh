#!/usr/bin/env bash
# `make update`: the newest version. Waits for a running cycle, and goes back to the old version if the new one does not start here.
source "$(dirname "$0")/common.sh"

[ -x "$PYTHON" ] || fail "Not installed yet: make install"
[ -z "$(as_owner git status --porcelain --untracked-files=no)" ] ||
    fail "Files of Ampshift are changed here; look at them with git status and git diff, keep them with git stash, then make update again."
room_for 300
# A power cut in between leaves this name behind: the version to go back to is the last one that was tried, not one that was only fetched.
BEFORE=refs/ampshift/before
OLD=$(as_owner git rev-parse --verify --quiet "$BEFORE" || as_owner git rev-parse HEAD)
as_owner git fetch --quiet || fail "git could not fetch the newest version (see above); nothing is changed."

# Nothing changes under a cycle that runs. The lock belongs to who runs the cycles, or none could take it after this.
run_dir=$(state_folders | sed -n 2p)
run_dir=${run_dir:-$HERE/state/run}
as_owner mkdir -p "$run_dir"
as_owner touch "$run_dir/cycle.lock"
[ -w "$run_dir/cycle.lock" ] || fail "The folder $run_dir belongs to $OWNER: sudo make update. Nothing is changed."
exec 9>>"$run_dir/cycle.lock"
trap 'rm -f "$run_dir/update.err"' EXIT
flock -w 120 9 || fail "A cycle has been running for two minutes; write make update again when it is over. Nothing is changed."
as_owner git update-ref "$BEFORE" "$OLD"
if ! as_owner git merge --quiet --ff-only '@{upstream}'; then
    as_owner git update-ref -d "$BEFORE"
    fail "git could not take the newest version (see above); nothing is changed."
fi
NEW=$(as_owner git rev-parse HEAD)

# All programs, also the heartbeat that is restarted below. A program that Python cannot read ends with 1 and without a traceback.
# Of status, exit 1 is a login or a record, which an update does not make worse; 2 and a traceback are ours or the settings'.
starts() {
    local code=0 program
    as_owner git ls-files '*.py' | as_owner "$PYTHON" -m compileall -q -i - >"$run_dir/update.err" 2>&1 9>&- || return 1
    for program in twc_daemon app bridge; do
        as_owner "$PYTHON" "$program.py" --help >/dev/null 2>"$run_dir/update.err" 9>&- || return 1
    done
    as_owner "$PYTHON" scheduler.py status >/dev/null 2>"$run_dir/update.err" 9>&- || code=$?
    ! grep -q Traceback "$run_dir/update.err" && [ "$code" -le 1 ]
}
needs() { as_owner "$PYTHON" -m pip install --quiet --disable-pip-version-check --use-pep517 --requirement requirements.txt 9>&-; }

if ! { needs && starts; }; then
    cat "$run_dir/update.err" >&2 2>/dev/null || true
    as_owner git reset --quiet --hard "$OLD"
    needs || say "The old packages could not be put back: make install when the network is there." >&2
    as_owner git update-ref -d "$BEFORE"
    starts || fail "The new version does not start here, and the old one, which is back, does not either (see above): is it a line of .env?"
    fail "The new version does not start here (see above); the old one is back, and your settings and state are as they were."
fi
as_owner git update-ref -d "$BEFORE"
install_units
# SIGHUP: the offers stay as they are for the seconds in between
systemd try-restart twc_daemon.service
for unit in $(our_units); do
    [ "$unit" = twc_daemon.service ] || systemd try-restart "$unit"
done
if [ "$OLD" = "$NEW" ]; then say "Already the newest version."; else say "Updated: $(as_owner git rev-parse --short "$OLD") -> $(as_owner git rev-parse --short "$NEW"). CHANGELOG.md says what is new."; fi
