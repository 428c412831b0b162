# What install.sh, update.sh, uninstall.sh and live.sh share. Sourced, never run.
# ROOT=DIR writes all system files below DIR and only prints the commands that change a running system: for tests and for looking first.
# shellcheck shell=bash disable=SC2034
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
HERE=$PWD
ROOT=${ROOT:-}
PYTHON=$HERE/.venv/bin/python
UNITS=$ROOT/etc/systemd/system
TMPFILES=$ROOT/etc/tmpfiles.d/ampshift.conf
WATCHDOG=$ROOT/etc/systemd/system.conf.d/ampshift.conf
CRON_LINE="*/5 * * * * $PYTHON $HERE/scheduler.py run 2>&1 | logger -t ampshift"

say() { printf '%s\n' "$*"; }
fail() {
    printf '%s\n' "$*" >&2
    exit 1
}
# room_for MB. Packages that were written to a full card stay half written, and so does what Python compiles.
room_for() {
    local free
    free=$(df --output=avail --block-size=1M . | tail -n 1)
    [ "$free" -ge "$1" ] || fail "Only $((free)) MB are free here and it takes $1: make room first (sudo apt-get clean; du -xh ~ | sort -h | tail shows what is large). Nothing is changed."
}

# One user for cron and all services: AMPSHIFT_USER, or who owns this folder. Services and cron as root would be a gift to nobody.
owner() {
    local who
    who=${AMPSHIFT_USER:-$(stat -c %U .)}
    if [ "$who" = root ] && [ -z "$ROOT" ]; then who=ampshift; fi
    printf '%s' "$who"
}
OWNER=$(owner)

as_root() {
    if [ -n "$ROOT" ] || [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}
as_owner() {
    if [ -n "$ROOT" ] || [ "$(id -un)" = "$OWNER" ]; then "$@"; else as_root runuser -u "$OWNER" -- "$@"; fi
}
# A command that changes the running system and no file of ours.
on_system() {
    if [ -n "$ROOT" ]; then say "would run: $*"; else as_root "$@"; fi
}
# systemctl where systemd runs; in a container or a chroot its files wait for the first boot.
SYSTEMD=${SYSTEMD:-${ROOT:+/}}
SYSTEMD=${SYSTEMD:-/run/systemd/system}
systemd() {
    if [ -d "$SYSTEMD" ]; then on_system systemctl "$@"; fi
}
# yes_to ANSWER QUESTION: ANSWER is yes, no or empty; empty asks at a terminal, and is no without one.
yes_to() {
    local answer=$1
    if [ -z "$answer" ] && [ -t 0 ]; then read -r -p "$2 [y/N] " answer; fi
    case ${answer,,} in y | yes | on) return 0 ;; *) return 1 ;; esac
}

crontab_of_owner() {
    if [ -n "$ROOT" ]; then
        case $1 in -l) cat "$ROOT/crontab" 2>/dev/null ;; -) cat >"$ROOT/crontab" ;; esac
    elif [ "$(id -un)" = "$OWNER" ]; then
        crontab "$1"
    else
        as_root crontab -u "$OWNER" "$1"
    fi
}
# The crontab but for our line. One that cannot be read is not an empty one: replacing it would lose the owner's other lines.
without_our_line() {
    local lines
    if ! lines=$(crontab_of_owner -l 2>&1); then
        case $lines in "" | *"no crontab"*) return 0 ;; *) fail "The crontab of $OWNER cannot be read: $lines" ;; esac
    fi
    grep -vF "$HERE/scheduler.py run" <<<"$lines" || true
}
put_into_cron() {
    local lines
    lines=$(without_our_line)
    { [ -z "$lines" ] || say "$lines"; say "$CRON_LINE"; } | crontab_of_owner -
}
in_cron() { crontab_of_owner -l 2>/dev/null | grep -qF "$HERE/scheduler.py run"; }

install_units() {
    local unit dropin folder elsewhere=
    while read -r folder; do
        case $folder in "" | "$HERE"/state/data | "$HERE"/state/run | /run/ampshift) ;; *) elsewhere+=" \"-$folder\"" ;; esac
    done < <(state_folders)
    as_root mkdir -p "$UNITS"
    for unit in deploy/*.service; do
        sed -e "s#/home/pi/ampshift#$HERE#g" -e "s#^User=pi\$#User=$OWNER#" -e "s#^ReadWritePaths=.*#&$elsewhere#" "$unit" |
            as_root tee "$UNITS/${unit##*/}" >/dev/null
        dropin=$UNITS/${unit##*/}.d/container.conf
        if in_container; then as_root install -D -m 644 deploy/container.conf "$dropin"; else as_root rm -f "$dropin"; fi
    done
    systemd daemon-reload
}
# STATE_DIR and RUN_DIR as the program reads them: a service may write there and nowhere else.
state_folders() {
    as_owner "$PYTHON" -c 'import os, pathlib, config
found = config.load(None, os.environ, root=pathlib.Path.cwd(), only=frozenset({"STATE_DIR", "RUN_DIR"}))
print(found.state_dir, found.run_dir, sep="\n")' 2>/dev/null || true
}
# Does .env as the program reads it send nothing? One that cannot be read does not promise it.
is_dry() {
    as_owner "$PYTHON" -c 'import os, pathlib, sys, config
sys.exit(not config.load(None, os.environ, root=pathlib.Path.cwd(), only=frozenset({"DRY_RUN"})).dry_run)' 2>/dev/null
}
# Is this whole system a container? deploy/container.conf says why it matters.
in_container() { command -v systemd-detect-virt >/dev/null && systemd-detect-virt --quiet --container; }
our_units() {
    local unit
    for unit in deploy/*.service; do printf '%s\n' "${unit##*/}"; done
}
