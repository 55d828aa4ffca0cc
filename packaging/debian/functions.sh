base=/usr/lib/ovirt-engine
# Compiled code that the programs of root keep.
cache=/var/cache/engine-setup
# The same of services on this host; systemd makes it again when they start.
service_cache=/var/cache/ovirt-engine
units=/etc/systemd/system
# It is there while systemd runs the host (sd_booted(3)).
systemd=/run/systemd/system

# The processes that run a program from below a folder.
users_of() {
  for exe in /proc/[0-9]*/exe; do
    case $(readlink "$exe" || true) in
      "$1"/*)
        pid=${exe%/exe}
        echo "${pid#/proc/}"
        ;;
    esac
  done 2>/dev/null
}

# Units that start a program from below a folder, or want one from there. Setup writes them, so dpkg does not know them.
units_of() {
  for file in "$units"/*.service; do
    if grep -qs -e "^ExecStart=[-@:+!]*\"\?$1/" -e "^ConditionPathExists=$1/" "$file"; then echo "${file##*/}"; fi
  done
}

# Removes the folder of one version, unless services run from it: they would lack what they have not read yet.
remove_version() {
  users=$(users_of "$1")
  if [ -z "$users" ]; then
    rm -rf "$1"
  else
    echo "$1 stays, since services run from it (processes" $users'). Stop them with its bin/engine-setup sandbox stop.' >&2
  fi
}
