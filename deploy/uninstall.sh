#!/usr/bin/env bash
# `make uninstall`: takes out cron's line, hands cars and Powerwall back, then takes out the services and the system's files. .env and state/ stay.
source "$(dirname "$0")/common.sh"

# Cron first: a cycle right after `release` would take the car in hand again. It comes back where the handing back fails.
WAS_IN_CRON=no
if { [ -n "$ROOT" ] || command -v crontab >/dev/null; } && in_cron; then
    WAS_IN_CRON=yes
    trap '[ "$WAS_IN_CRON" = no ] || put_into_cron' EXIT
    lines=$(without_our_line)
    { [ -z "$lines" ] || say "$lines"; } | crontab_of_owner -
fi
if [ -x "$PYTHON" ] && [ -e .env ]; then
    say "Handing back what is ours in the car and at the Powerwall:"
    if ! as_owner "$PYTHON" scheduler.py release && [ "${FORCE:-no}" != yes ]; then
        fail "Not all could be handed back (see above). Write make uninstall again when it can, or make uninstall FORCE=yes to leave it so."
    fi
fi
WAS_IN_CRON=no
for unit in $(our_units); do
    if [ -e "$UNITS/$unit" ]; then systemd disable --quiet --now "$unit"; fi
    as_root rm -rf "${UNITS:?}/$unit" "${UNITS:?}/$unit.d"
done
systemd daemon-reload
as_root rm -f "$TMPFILES" "$WATCHDOG"
as_root rm -rf "$ROOT/run/ampshift"
say "Ampshift is out of cron and systemd. Settings, logins and history are still here: $HERE/.env and $HERE/state"
say "A Gen 2 Wall Connector on position F charges nothing now: put its rotary switch back (docs/HARDWARE.md, first section)."
