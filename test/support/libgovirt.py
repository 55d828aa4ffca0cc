"""What virt-viewer does with libgovirt, step by step. Arguments: HOST:PORT, a file with the authority, and a user with a password or a token."""

import json
import sys

import gi

gi.require_version("GoVirt", "1.0")
from gi.repository import GoVirt  # noqa: E402

address, authority, user, secret = sys.argv[1:5]
proxy = GoVirt.Proxy.new(address)
proxy.set_property("ssl-ca-file", authority)
if user == "token":
    proxy.set_property("sso-token", secret)
else:
    proxy.set_property("username", user)
    proxy.set_property("password", secret)

told = {}
# Fetching /ca.crt would take gvfs, which has its own idea of whom to trust.
api = proxy.fetch_api()


def names(collection):
    collection.fetch(proxy)
    return sorted(one.get_property("name") for one in collection.get_resources().values())


told["clusters"] = names(api.get_clusters())
told["data centers"] = names(api.get_data_centers())
told["hosts"] = names(api.get_hosts())
told["storage domains"] = names(api.get_storage_domains())
told["machines"] = names(api.get_vms())
found = api.search_vms("name=web")
told["found"] = names(found)
machine = found.get_resources()["web"]
machine.refresh(proxy)
told["state"] = machine.get_property("state").value_nick
told["cluster"] = machine.get_cluster().get_property("guid")
told["host"] = machine.get_host().get_property("guid")
machine.get_ticket(proxy)
display = machine.get_property("display")
told["display"] = {
    name: getattr(value, "value_nick", value)
    for name in ("type", "address", "port", "secure-port", "monitor-count", "host-subject", "ticket", "expiry", "ca-cert", "allow-override")
    for value in [display.get_property(name)]
}
told["display"]["ca-cert"] = bytes(display.get_property("ca-cert") or b"").decode()
drives = machine.get_cdroms()
drives.fetch(proxy)
told["drives"] = [drive.get_property("file") for drive in drives.get_resources().values()]
print(json.dumps(told))
