#!/usr/bin/env bash
# `make update`: the newest version. Waits for a running cycle, and goes back to the old version if the new one does not start here.
source "$(dirname "$0")/common.sh"

[ -x "$PYTHON" ] || fail "Not installed yet: make install"
[ -z "$(as_owner git status --porcelain --untracked-files=no)" ] ||
    fail "Files of Ampshift are changed here; look at them with git status and git diff, keep them with git stash, then make update again."
room_for 300
OLD=$(as_owner git rev-parse HEAD)
as_owner git pull --quiet --ff-only || fail "git could not fetch the newest version (see above); nothing is changed."
NEW=$(as_owner git rev-parse HEAD)

run_dir=$({ grep '^RUN_DIR=' .env 2>/dev/null || say RUN_DIR=state/run; } | tail -n 1 | cut -d= -f2-)
as_owner mkdir -p "$run_dir"
exec 9>>"$run_dir/cycle.lock"
flock -w 120 9 || fail "A cycle has been running for two minutes; write make update again when it is over."

# exit 1 is a login or a record, which an update does not make worse; 2 and a traceback are ours or the settings'
starts() {
    local code=0
    as_owner "$PYTHON" scheduler.py status >/dev/null 2>"$run_dir/update.err" 9>&- || code=$?
    ! grep -q Traceback "$run_dir/update.err" && [ "$code" -le 1 ]
}
needs() { as_owner "$PYTHON" -m pip install --quiet --disable-pip-version-check --use-pep517 --requirement requirements.txt 9>&-; }

if ! { needs && starts; }; then
    cat "$run_dir/update.err" >&2 2>/dev/null || true
    as_owner git reset --quiet --hard "$OLD"
    needs || say "The old packages could not be put back: make install when the network is there." >&2
    fail "The new version does not start here (see above); the old one is back, and your settings and state are as they were."
fi
rm -f "$run_dir/update.err"
as_owner "$PYTHON" -m compileall -q -x '/\.venv/' . 9>&- || true
install_units
# SIGHUP: the offers stay as they are for the seconds in between
systemd try-restart twc_daemon.service
for unit in $(our_units); do
    [ "$unit" = twc_daemon.service ] || systemd try-restart "$unit"
done
if [ "$OLD" = "$NEW" ]; then say "Already the newest version."; else say "Updated: $(as_owner git rev-parse --short "$OLD") -> $(as_owner git rev-parse --short "$NEW"). CHANGELOG.md says what is new."; fi
