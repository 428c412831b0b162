#!/usr/bin/env bash
# `make live`: the last step. Takes DRY_RUN=on out of .env and, in a house with Gen 2 Wall Connectors, starts the heartbeat in the same breath:
# before it they stay on their own rotary position with the daemon off, after it they stand on F and need it.
source "$(dirname "$0")/common.sh"

if ! [ -x "$PYTHON" ] || ! [ -e .env ]; then fail "Not installed yet: make install"; fi
CHECKED=$(mktemp)
trap 'rm -f "$CHECKED"' EXIT
as_owner "$PYTHON" scheduler.py check | tee "$CHECKED" || fail "Mend what check says first; nothing is changed."
# as the program reads .env, however it is written there
is_set() { sed -n "s/^set     $1 = //p" "$CHECKED"; }
DRY_LINE='^[[:space:]]*(export[[:space:]]+)?DRY_RUN[[:space:]]*=.*$'

if [ "$(is_set DRY_RUN)" != on ]; then
    in_cron || say "Cron's line is missing, so nothing runs: make install CRON=yes"
    fail "DRY_RUN is off: it is live already."
fi
grep -qE "$DRY_LINE" .env || fail "DRY_RUN=on comes from elsewhere than .env; nothing is changed."
if [ -n "$(is_set TWC_PORT)" ]; then
    [ -d "$SYSTEMD" ] || [ "${HEARTBEAT:-}" = mine ] ||
        fail "systemd does not run here, so nothing would keep twc_daemon.py alive, and a connector on position F charges nothing without it. Nothing is changed (where you start it yourself: make live HEARTBEAT=mine)."
    say ""
    say "This moves real current through real wires. At each Gen 2 Wall Connector, now:"
    say "  1. its breaker off; write down where the rotary switch stands; turn it to F; breaker on (docs/HARDWARE.md)"
    say "  2. TWC_BREAKER_AMPS in .env is the number printed on that breaker: $(is_set TWC_BREAKER_AMPS)"
    yes_to "${LIVE:-}" "Is that done?" || fail "Nothing is changed; write make live again when it is (without a terminal: make live LIVE=yes)."
    as_owner "$PYTHON" twc_daemon.py --check || fail "The connectors are not heard as they should be (see above). Nothing is changed in .env."
else
    grep -q '^ok      tesla' "$CHECKED" || fail "There is no Tesla login and no TWC_PORT, so nothing could be started: scheduler.py auth tesla. Nothing is changed."
    yes_to "${LIVE:-}" "From the next cycle on Ampshift starts and stops your car. Go live?" || fail "Nothing is changed (without a terminal: make live LIVE=yes)."
fi
sed -E "s/$DRY_LINE/DRY_RUN=off/" .env | as_owner install -m 600 /dev/stdin .env.new
as_owner mv .env.new .env
if [ -n "$(is_set TWC_PORT)" ]; then
    systemd enable --quiet --now twc_daemon.service ||
        say "twc_daemon.service did not start (journalctl -u twc_daemon): until it does, a connector on position F charges nothing." >&2
fi
# both read .env when they start
for unit in ampshift-page.service ampshift-bridge.service; do systemd try-restart "$unit" || true; done
if ! in_cron; then
    put_into_cron
    say "Cron's line is in the crontab of $OWNER."
fi
say "Live. scheduler.py status tells how it goes; scheduler.py release gives everything back."
