#!/usr/bin/env bash
# `make live`: the last step. Takes DRY_RUN=on out of .env and, in a house with Gen 2 Wall Connectors, starts the heartbeat in the same breath:
# before it they stay on their own rotary position with the daemon off, after it they stand on F and need it.
source "$(dirname "$0")/common.sh"

[ -x "$PYTHON" ] && [ -e .env ] || fail "Not installed yet: make install"
grep -q '^DRY_RUN=on' .env || fail "DRY_RUN=on does not stand in .env: it is live already."
as_owner "$PYTHON" scheduler.py check || fail "Mend what check says first; nothing is changed."
if grep -q '^TWC_PORT=.' .env; then
    say ""
    say "This moves real current through real wires. At each Gen 2 Wall Connector, now:"
    say "  1. its breaker off; write down where the rotary switch stands; turn it to F; breaker on (docs/HARDWARE.md)"
    say "  2. TWC_BREAKER_AMPS in .env is the number printed on that breaker: $(grep '^TWC_BREAKER_AMPS=' .env | cut -d= -f2-)"
    yes_to "${LIVE:-}" "Is that done?" || fail "Nothing is changed; write make live again when it is."
    as_owner "$PYTHON" twc_daemon.py --check || fail "The connectors are not heard as they should be (see above). Nothing is changed in .env."
else
    yes_to "${LIVE:-}" "From the next cycle on Ampshift starts and stops your car. Go live?" || fail "Nothing is changed."
fi
sed 's/^DRY_RUN=on.*$/DRY_RUN=off/' .env | as_owner install -m 600 /dev/stdin .env.new
as_owner mv .env.new .env
if grep -q '^TWC_PORT=.' .env; then systemd enable --quiet --now twc_daemon.service; fi
if ! in_cron; then
    put_into_cron
    say "Cron's line is in the crontab of $OWNER."
fi
say "Live. scheduler.py status tells how it goes; scheduler.py release gives everything back."
