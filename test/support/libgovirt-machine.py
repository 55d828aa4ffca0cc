"""What programs do with a virtual machine through libgovirt, in the order of the words: start, stop, disc=ID, display.

Arguments: HOST:PORT, a file with the authority, a user, a password, the name of the machine, and the words.
"""

import json
import sys

import gi

gi.require_version("GoVirt", "1.0")
from gi.repository import GoVirt  # noqa: E402

address, authority, user, password, name, *words = sys.argv[1:]
proxy = GoVirt.Proxy.new(address)
proxy.set_property("ssl-ca-file", authority)
proxy.set_property("username", user)
proxy.set_property("password", password)
found = proxy.fetch_api().search_vms(f"name={name}")
found.fetch(proxy)
machine = found.get_resources()[name]


def drive():
    drives = machine.get_cdroms()
    drives.fetch(proxy)
    return next(iter(drives.get_resources().values()))


def do(word):
    if word == "start":
        return machine.start(proxy)
    if word == "stop":
        return machine.stop(proxy)
    if word == "display":
        machine.refresh(proxy)
        machine.get_ticket(proxy)
        display = machine.get_property("display")
        return {key: display.get_property(key) for key in ("address", "port", "secure-port", "ticket", "expiry")}
    disc = drive()
    disc.set_property("file", word.removeprefix("disc="))
    changed = disc.update(True, proxy)
    return [changed, drive().get_property("file")]


print(json.dumps([do(word) for word in words]))
