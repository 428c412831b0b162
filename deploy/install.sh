#!/usr/bin/env bash
# `make install`: everything on a Raspberry Pi OS or Debian, up to the first dry run. Starts nothing and charges nothing; safe to run again.
#   HOUSE=solar|gen3|two-cars   which starter becomes .env, if there is none yet
#   CRON=yes|no GUARD_PI=yes|no answers to its two questions, for an installation without a terminal
source "$(dirname "$0")/common.sh"

no_starter() { fail "There is no starter \"$1\"; there are: $(basename -s .env deploy/starters/*.env | paste -sd " ")."; }

[ "$(getconf LONG_BIT)" = 64 ] || fail "Ampshift needs a 64-bit system; this one has $(getconf LONG_BIT) bits: install the 64-bit Raspberry Pi OS (Pi 3 or newer)."
command -v python3 >/dev/null || fail "python3 is missing: sudo apt-get install python3 python3-venv make git"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Ampshift needs Python 3.11 or newer; this one is $(python3 -V): Raspberry Pi OS bookworm has it."
python3 -c 'import ensurepip' 2>/dev/null || [ -x "$PYTHON" ] || fail "python3-venv is missing: sudo apt-get install python3-venv"
[ -x "$PYTHON" ] || room_for 900
# before the minutes that the packages take
[ -z "${HOUSE:-}" ] || [ -e .env ] || [ -e "deploy/starters/$HOUSE.env" ] || no_starter "$HOUSE"

make_user() {
    if id "$OWNER" >/dev/null 2>&1; then return; fi
    say "Making the user $OWNER, for cron and the services: this folder belongs to root."
    on_system useradd --system --user-group --home-dir "$HERE" --shell /usr/sbin/nologin "$OWNER"
}

own_folder() {
    if [ -n "$ROOT" ] || [ "$(stat -c %U .)" = "$OWNER" ]; then return; fi
    as_root runuser -u "$OWNER" -- test -x "$(dirname "$HERE")" ||
        fail "$OWNER may not enter $(dirname "$HERE"): move this folder to /opt or into a home folder, and run make install there."
    as_root chown -R "$OWNER:" .
}

make_env() {
    local house=${HOUSE:-} from
    if [ -e .env ]; then
        say ".env stays as it is."
        is_dry || say "DRY_RUN=on does not stand in it: this house is LIVE. To only look at first: write DRY_RUN=on into its first line."
    else
        if [ -z "$house" ] && [ -t 0 ]; then
            say "Which house is most like yours? (The starters lie in deploy/starters.)"
            say "  solar     sun, Powerwall and a Gen 2 Wall Connector"
            say "  gen3      a tariff with one price, a Gen 3 Wall Connector"
            say "  two-cars  two cars, two Gen 2 Wall Connectors on one breaker"
            read -r -p "solar, gen3, two-cars, or Enter for none of them: " house
            house=${house,,}
        fi
        from=.env.example
        [ -z "$house" ] || from=deploy/starters/$house.env
        [ -e "$from" ] || no_starter "$house"
        as_owner install -m 600 /dev/null .env.new
        { [ "$(head -n 1 "$from")" = DRY_RUN=on ] || say "DRY_RUN=on"; cat "$from"; } | as_owner tee .env.new >/dev/null
        as_owner mv .env.new .env
        say ".env is made from $from, with DRY_RUN=on in its first line: nothing is sent before you take that away."
    fi
    if ! grep -q '^RUN_DIR=' .env; then
        # written as a whole, because a power cut must not leave half a file
        { cat .env && say "" && say "# volatile files lie in memory, not on the card" && say "RUN_DIR=/run/ampshift"; } | as_owner tee .env.new >/dev/null
        as_owner chmod 600 .env.new
        as_owner mv .env.new .env
    fi
}

make_folders() {
    as_owner mkdir -p state/data state/run
    as_root mkdir -p "$ROOT/run/ampshift" "${TMPFILES%/*}"
    printf '# Ampshift: volatile state, made anew at each boot\nd /run/ampshift 0750 %s %s -\n' "$OWNER" "$(id -gn "$OWNER" 2>/dev/null || printf %s "$OWNER")" |
        as_root tee "$TMPFILES" >/dev/null
    if [ -z "$ROOT" ]; then
        as_root chown "$OWNER:" "$ROOT/run/ampshift"
        as_root chmod 750 "$ROOT/run/ampshift"
    fi
}

offer_watchdog() {
    if [ -z "$ROOT" ] && ! [ -e /dev/watchdog ]; then return; fi
    if [ -e "$WATCHDOG" ]; then return; fi
    if ! yes_to "${GUARD_PI:-}" "Let the hardware watchdog restart a Pi that hangs (after 15 s; from the next boot)?"; then return; fi
    as_root mkdir -p "${WATCHDOG%/*}"
    printf '# Ampshift: a Pi that hangs restarts itself\n[Manager]\nRuntimeWatchdogSec=15\n' | as_root tee "$WATCHDOG" >/dev/null
}

offer_cron() {
    local then="With DRY_RUN=on it looks and records, and sends nothing."
    is_dry || then="DRY_RUN is not on in .env: from the next cycle on Ampshift starts and stops your car."
    say ""
    say "The line for cron (user $OWNER), one cycle every five minutes:"
    say "    $CRON_LINE"
    if [ -z "$ROOT" ] && ! command -v crontab >/dev/null; then
        say "cron is missing: sudo apt-get install cron, then make install again (or scheduler.py run -i 5)."
    elif in_cron; then
        say "It is in the crontab already."
    elif yes_to "${CRON:-}" "Put it into the crontab now? ($then)"; then
        put_into_cron
        say "It is in the crontab."
    else
        say "Not put in. Do it with make install CRON=yes, or crontab -e."
    fi
}

make_user
own_folder
[ -x "$PYTHON" ] || as_owner python3 -m venv .venv
say "Installing what requirements.txt names into .venv (some minutes on a Pi)."
as_owner "$PYTHON" -m pip install --quiet --disable-pip-version-check --use-pep517 --requirement requirements.txt
# the services see a home folder read-only and could not keep the compiled modules of a first start
as_owner "$PYTHON" -m compileall -q -x '/\.venv/' . || true
make_env
make_folders
if getent group dialout >/dev/null; then on_system usermod -aG dialout "$OWNER"; fi
install_units
say "Installed and not started: $(our_units | paste -sd ' ')"
offer_watchdog
offer_cron
say ""
say "Next: fill in .env (docs/FIRST-EVENING.md), then as $OWNER in $HERE:"
say "    .venv/bin/python scheduler.py check"
say "    .venv/bin/python scheduler.py -v once"
if [ "$OWNER" = ampshift ]; then say "(before each of them: sudo runuser -u ampshift -- )"; fi
