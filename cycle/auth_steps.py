"""The steps of `auth tesla`, in order. Each takes what is done so far and gives it back with its own part done; each failure says what to
do, and is tried again or left for later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from clients.http import Http
from clients.tesla import Tesla
from clients.tesla_auth import NEEDED, App, TeslaAuth, Tokens, authorize_url, claims, consent_url
from clients.tesla_billing import Count
from clients.tesla_fleet import FleetCar, fleet_status
from clients.tesla_partner import Partner, own_region
from config import REGION_URLS, Region, Settings, Units
from config_parsers import domain_or_none, printable
from cycle import auth_env, auth_key, auth_texts
from cycle.auth_paste import code_in
from cycle.auth_talk import Talk, qr_code, yes
from cycle.auth_units import Wire, units
from cycle.desk import Desk
from cycle.tesla_login import Held, TeslaLogin, first, written
from errors import ClientError, ConfigError, Refused, StateError, Stopped, WrongRegion
from model import CarStatus
from state.codec import decode
from state.logins import Login

AGAIN = "Press Enter to try again (q: go on later)."
OTHER_HOST = "Press Enter to try again, or type another host name (q: go on later)."
OTHER_ACCOUNT = "Press Enter to look again and choose, or type l to log in with another account (q: go on later)."


@dataclass(frozen=True, slots=True)
class Progress:
    """tesla_auth.json: how far the owner has come. `secret`: the app's, until all is done; `state`: of the open log-in page;
    `registered`: base URLs of regions that know the domain; `vins`: the cars that he chose, empty: none yet; `listed`: they were
    seen in the account now."""

    domain: str = ""
    client_id: str = ""
    secret: str = field(default="", repr=False)
    region: str = ""
    hosted: bool = False
    registered: tuple[str, ...] = ()
    state: str = field(default="", repr=False)
    logged_in: bool = False
    at_home: bool = False  # the account's region is the one that is asked
    vins: tuple[str, ...] = ()
    listed: bool = False
    written: bool = False
    paired: bool = False
    skipped: bool = False  # pairing was left for later


@dataclass(frozen=True)
class Visit:
    """What the steps work with. `nonce`: a text that nobody can guess; `count`: counts calls that Tesla may bill."""

    desk: Desk
    talk: Talk
    env: Path
    nonce: Callable[[], str]
    count: Count
    save: Callable[[Progress], None]

    @property
    def settings(self) -> Settings:
        return self.desk.settings

    @property
    def http(self) -> Http:
        return self.desk.http

    def login(self) -> TeslaLogin:
        """The login as it is on disk now, whatever TESLA_ACCESS_TOKEN says."""
        return TeslaLogin(self.own_settings(), self.desk.logins, self.http, self.desk.now)

    def own_settings(self) -> Settings:
        return replace(self.settings, tesla_access_token=type(self.settings.tesla_access_token)(), logged_in=True)

    def auth(self, done: Progress) -> TeslaAuth:
        return TeslaAuth(App(self.settings.tesla_token_url, done.client_id, done.secret), self.http)

    def base_url(self, done: Progress) -> str:
        """TESLA_API_URL where it is one of his own, else that of the region."""
        usual = self.settings.tesla_api_url in REGION_URLS.values()
        return REGION_URLS[Region(done.region)] if usual and done.region else self.settings.tesla_api_url

    def key_url(self, done: Progress) -> str:
        return self.settings.tesla_key_url or f"https://{done.domain}"

    def redirect(self, done: Progress) -> str:
        return self.settings.tesla_redirect_url or f"{self.key_url(done)}/"


def app(visit: Visit, done: Progress) -> Progress:
    """Domain, client ID and secret, with all that has to be clicked at Tesla."""
    talk, settings = visit.talk, visit.settings
    talk.say(auth_texts.HOST)
    domain = done.domain or settings.tesla_domain
    while not domain:
        domain = _domain(talk, talk.ask("Host name of your key, such as yourname.github.io:"))
    done = replace(done, domain=domain, region=done.region or settings.tesla_region.value)
    visit.save(done)
    talk.say(auth_texts.app(domain, visit.key_url(done), visit.redirect(done), powerwall=settings.has_powerwall or settings.powerwall_hold))
    client_id = done.client_id or settings.tesla_client_id
    while not client_id:
        client_id = _client_id(talk)
    return with_secret(visit, replace(done, client_id=client_id))


def _domain(talk: Talk, answer: str) -> str:
    """The name; empty: it is none, and he was told why."""
    host = answer.removeprefix("https://").rstrip("/")
    try:
        found = domain_or_none(host)
    except ConfigError as error:
        talk.say(f"{error.problems[0]}.")
        return ""
    if "tesla" in found:
        talk.say("Tesla takes no names with its own name in them. Choose another one.")
        return ""
    return found


def _client_id(talk: Talk) -> str:
    answer = talk.ask("Client ID of the app:")
    try:
        return printable(answer)
    except ConfigError:
        talk.say("That is no client ID: it is one word of letters, digits and hyphens. Copy it once more.")
        return ""


def with_secret(visit: Visit, done: Progress) -> Progress:
    secret = done.secret or visit.settings.tesla_client_secret.reveal()
    while not secret:
        secret = visit.talk.ask_secret("Client secret of the app:")
        if not secret.isascii() or " " in secret:
            visit.talk.say("That is no client secret: it has no spaces and only plain letters. Copy it once more.")
            secret = ""
    return replace(done, secret=secret)


def host(visit: Visit, done: Progress) -> Progress:
    """Key pair, folder, and the look at what the world sees."""
    pem, new = auth_key.own_key(visit.desk.logins)
    public, point = auth_key.public_half(pem)
    folder = visit.settings.state_dir / auth_key.SITE
    try:
        auth_key.lay_out(folder, auth_key.site_files(public))
    except OSError as error:
        raise StateError("state", f"Cannot write {folder}: {error.strerror}.") from error
    visit.talk.say(auth_texts.upload(folder, visit.key_url(done), new=new))
    visit.talk.ask("Press Enter when the files are there (q: go on later).")
    while trouble := auth_key.looked_up(visit.http, visit.key_url(done), point):
        visit.talk.say(trouble)
        done = _other_host(visit, done)
    visit.talk.say("The key is where Tesla will look for it, and it is the right one.")
    return replace(done, hosted=True)


def _other_host(visit: Visit, done: Progress) -> Progress:
    """He may have mistyped its name: another one is taken here, unless .env says where to look."""
    answer = visit.talk.ask(AGAIN if visit.settings.tesla_key_url else OTHER_HOST)
    domain = _domain(visit.talk, answer) if answer and not visit.settings.tesla_key_url else ""
    if not domain:
        return done
    done = replace(done, domain=domain, registered=())
    visit.save(done)
    visit.talk.say(auth_texts.moved(visit.key_url(done), visit.redirect(done)))
    return done


def register(visit: Visit, done: Progress) -> Progress:
    """The app's registration in one region; repeating it does no harm."""
    point = auth_key.public_half(auth_key.own_key(visit.desk.logins)[0])[1]
    base = visit.base_url(done)
    while True:
        done = with_secret(visit, done)
        try:
            known = Partner(base, visit.auth(done).partner(base), visit.http, visit.count).register(done.domain)
        except ClientError as error:
            visit.talk.say(auth_texts.registration_trouble(error, done.domain, visit.key_url(done)))
            if _wrong_app(error) and not visit.settings.tesla_client_secret and yes(visit.talk, "Enter ID and secret anew?"):
                done = replace(done, client_id=_client_id(visit.talk) or done.client_id, secret="")
            else:
                visit.talk.ask(AGAIN)
            continue
        if known and known != point:
            visit.talk.say("Tesla still reads another key at your host: it keeps a copy for some minutes. Wait ten, then go on.")
            visit.talk.ask(AGAIN)
            continue
        visit.talk.say(f"Your app is registered ({auth_texts.region_name(base)}).")
        return replace(done, registered=(*done.registered, base))


def _wrong_app(error: ClientError) -> bool:
    return isinstance(error, Refused) and error.status in (400, 401) and error.source == "tesla login"


def log_in(visit: Visit, done: Progress) -> Progress:
    """The owner's yes in a browser anywhere, brought back by hand."""
    while True:
        done = with_secret(visit, replace(done, state=done.state or visit.nonce()))
        visit.save(done)
        visit.talk.say(auth_texts.log_in(authorize_url(visit.settings.tesla_auth_url, done.client_id, visit.redirect(done), done.state)))
        code = _pasted(visit, done)
        done = replace(done, state="")  # one page, one code
        tokens = _tokens(visit, done, code) if code else None
        if tokens is not None and _good_enough(visit, done, tokens):
            _keep(visit, first(done.client_id, tokens, visit.settings, visit.desk.now))
            visit.talk.say("Logged in. From now on the login renews itself.")
            return replace(done, logged_in=True, at_home=False, listed=False)


def _pasted(visit: Visit, done: Progress) -> str:
    """The code; "": the page has to be opened anew."""
    while True:
        found = code_in(visit.talk.ask("Paste the whole address here:"), done.state)
        if isinstance(found, str):
            return found
        visit.talk.say(found.text)
        if found.again:
            return ""


def _tokens(visit: Visit, done: Progress, code: str) -> Tokens | None:
    try:
        return visit.auth(done).exchange(code, visit.redirect(done), visit.base_url(done))
    except ClientError as error:
        visit.talk.say(f"{error.text}\nA code is good for one use and some minutes: log in once more.")
        return None


def _good_enough(visit: Visit, done: Progress, tokens: Tokens) -> bool:
    lacks = claims(tokens.access).lacks()
    if not tokens.refresh and "offline_access" not in lacks:
        lacks = (*lacks, "offline_access")
    for scope in lacks:
        visit.talk.say(f"The box for {scope} was not ticked: {NEEDED[scope]}.")
    if not lacks:
        return True
    visit.talk.say(auth_texts.consent(consent_url(visit.settings.tesla_auth_url, done.client_id)))
    if not tokens.refresh:
        visit.talk.ask("Press Enter to log in once more (q: go on later).")
        return False
    return not yes(visit.talk, "Log in once more, with all boxes ticked?")


def region(visit: Visit, done: Progress) -> Progress:
    """Where the account lives, by Tesla's word; where it is another region, the app is registered there too."""
    base = visit.base_url(done)
    while True:
        try:
            home = visit.login().call(lambda access: own_region(Partner(base, access.token, visit.http, visit.count), base))
            break
        except WrongRegion as error:
            home = _by_token(visit, base, error)
            break
        except ClientError as error:
            visit.talk.say(error.text)
            visit.talk.ask(AGAIN)
    if home != base and visit.settings.tesla_api_url not in REGION_URLS.values():
        raise Stopped("auth", auth_texts.other_api_url(base, home))
    _keep_url(visit, home)
    if home == base:
        visit.talk.say(f"Your account lives where it was looked for ({auth_texts.region_name(base)}).")
        return replace(done, at_home=True)
    visit.talk.say(f"Your account lives in another region ({auth_texts.region_name(home)}); the app is registered there too.")
    return replace(done, region=auth_texts.region_name(home), at_home=True)


def _by_token(visit: Visit, base: str, error: WrongRegion) -> str:
    """Tesla says "another region" and names none of its hosts: the token says which, where the usual hosts are asked."""
    named = visit.login().claims().region
    if visit.settings.tesla_api_url in REGION_URLS.values() and named in list(Region) and REGION_URLS[Region(named)] != base:
        return REGION_URLS[Region(named)]
    raise Stopped("auth", auth_texts.other_api_url(base, named.upper() or "elsewhere")) from error


def _keep(visit: Visit, held: Held) -> None:
    visit.desk.logins.change(Login.TESLA, lambda _: written(held, visit.settings))


def _keep_url(visit: Visit, url: str) -> None:
    def change(data: Mapping[str, object] | None) -> Mapping[str, object]:
        return written(replace(decode(Held, data), base_url=url), visit.settings)

    visit.desk.logins.change(Login.TESLA, change)


def cars(visit: Visit, done: Progress) -> Progress:
    """The account's cars; which of them are ours to charge."""
    while True:
        try:
            found = visit.login().call(lambda access: Tesla(access.url, access.token, visit.http, visit.count).cars())
        except ClientError as error:
            visit.talk.say(error.text)
            visit.talk.ask(AGAIN)
            continue
        gone = set(done.vins) - {car.vin for car in found}
        if found and not gone:
            vins = done.vins or tuple(car.vin for car in _chosen(visit.talk, found))
            return replace(done, vins=vins, listed=True)
        visit.talk.say(auth_texts.not_in_account(sorted(gone) if found else []))
        done = replace(done, vins=())
        if visit.talk.ask(OTHER_ACCOUNT).lower() == "l":
            return replace(done, logged_in=False, at_home=False)


def _chosen(talk: Talk, found: tuple[CarStatus, ...]) -> tuple[CarStatus, ...]:
    talk.say("Cars of this account:")
    for number, car in enumerate(found, 1):
        talk.say(f"  {number}  {car.name}  {car.vin}  {'online' if car.online else 'asleep'}")
    while len(found) > 1:
        answer = talk.ask("Which of them shall be charged? Enter for all, or numbers such as 1,2:")
        picked = [part.strip() for part in answer.split(",") if part.strip()]
        if not picked:
            break
        if all(part.isdecimal() and 1 <= int(part) <= len(found) for part in picked):
            return tuple(found[int(part) - 1] for part in dict.fromkeys(picked))
        talk.say(f"Write numbers from 1 to {len(found)}, parted by commas.")
    return found


def env_file(visit: Visit, done: Progress) -> Progress:
    """What .env must say; written there if he likes."""
    text = visit.env.read_text(encoding="utf-8") if visit.env.exists() else ""
    wanted = {"TESLA_VIN": ",".join(done.vins), "TESLA_CLIENT_ID": done.client_id, "TESLA_DOMAIN": done.domain}
    if visit.settings.tesla_api_url in REGION_URLS.values():
        wanted["TESLA_REGION"] = done.region
    if visit.settings.units is Units.AUTO:
        wanted = units(visit.login(), Wire(visit.http, visit.count), done.vins) | wanted
    changes = auth_env.pending(text, {**wanted, "TESLA_ACCESS_TOKEN": ""})  # it would stand above the login
    if changes:
        visit.talk.say(auth_texts.env(visit.env, changes))
        if yes(visit.talk, "Write them into this file now?"):
            auth_env.change(visit.env, changes)
            visit.talk.say(f"{visit.env} is written.")
        else:
            visit.talk.say("Then write them there yourself before you go on.")
    return replace(done, written=True)


def pair(visit: Visit, done: Progress) -> Progress:
    """The key in the cars, and the last look: do they take our commands?"""
    link, shown = f"https://tesla.com/_ak/{done.domain}", False
    while True:
        try:
            rows = visit.login().call(lambda access: fleet_status(access.url, access.token, visit.http, visit.count, done.vins))
        except ClientError as error:
            visit.talk.say(error.text)
            visit.talk.ask(AGAIN)
            continue
        named = {row.vin: row for row in rows}
        for vin in done.vins:
            visit.talk.say(auth_texts.pairing(vin, named.get(vin)))
        if not [vin for vin in done.vins if _waits(named.get(vin))]:
            return replace(done, paired=True, skipped=False)
        if not shown:
            visit.talk.say(f"{auth_texts.PAIR}\n\n  {link}\n\n{qr_code(link)}")
            shown = True
        if visit.talk.ask("Press Enter when the phone says it is done (s: leave it for later, q: go on later).").lower() == "s":
            return replace(done, skipped=True)


def _waits(row: FleetCar | None) -> bool:
    """Of a car that Tesla does not name nothing is known."""
    return row is None or (not row.paired and row.must_sign is not False)
