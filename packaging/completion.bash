# Completion of engine-setup and its tools for bash. One file for all of them: bash-completion loads it by the name of the program.

_engine_setup_words() {
  local word=$1 list=$2
  # The part up to the last "=" is a word of its own to bash, where it breaks words there.
  local typed=
  [[ $COMP_WORDBREAKS == *=* && $word == *=* ]] && typed=${word%"${word##*=}"}
  mapfile -t COMPREPLY < <(compgen -W "$list" -- "$word")
  COMPREPLY=("${COMPREPLY[@]#"$typed"}")
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
}

_engine_setup_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

_engine_setup() {
  local line=${COMP_LINE:0:COMP_POINT} word options
  # As it was typed, with its "=" and ":".
  word=${line##*[[:space:]]}
  COMPREPLY=()
  options=$(_engine_setup_options "${COMP_WORDS[0]##*/}")
  case $word in
    --set=* | --set-fd=*) [[ ${COMP_WORDS[0]##*/} != engine-setup ]] || _engine_setup_words "$word" "$(_engine_setup_keys "${word%%=*}" '@KEYS@')" ;;
    --set-file=*=*) _engine_setup_files -f "${word#*=*=}" ;;
    --set-file=*) _engine_setup_words "$word" "$(_engine_setup_keys --set-file '@KEYS@ @SECRETS@')" ;;
    --root=*) _engine_setup_files -d "${word#*=}" ;;
    --allow=*) _engine_setup_words "$word" '@ALLOW@' ;;
    --*=*)
      _engine_setup_words "$word" '@CHOICES@'
      [[ ${#COMPREPLY[@]} -gt 0 ]] || _engine_setup_files -f "${word#*=}"
      ;;
    -*) _engine_setup_words "$word" "$options" ;;
    *) _engine_setup_plain "$word" ;;
  esac
}

# Words without dashes: what the words before them allow.
_engine_setup_plain() {
  local program=${COMP_WORDS[0]##*/} before=" ${COMP_LINE:0:COMP_POINT} "
  case $program$before in
    engine-setup*' pki '*) _engine_setup_words "$1" 'import sign' ;;
    engine-setup*' sandbox '*) _engine_setup_words "$1" 'start stop reset' ;;
    engine-setup*' explain '* | engine-setup*' convert '*) _engine_setup_files -f "$1" ;;
    engine-setup*' answers '*) _engine_setup_words "$1" 'explain convert' ;;
    engine-setup*) _engine_setup_words "$1" '@COMMANDS@' ;;
    engine-iso-uploader*' upload '*) _engine_setup_files -f "$1" ;;
    engine-iso-uploader*) _engine_setup_words "$1" 'list upload' ;;
    ovirt-aaa-jdbc-tool*) _engine_setup_words "$1" '@DIRECTORY_WORDS@' ;;
  esac
}

_engine_setup_keys() {
  local key
  for key in $2; do printf '%s=%s=\n' "$1" "$key"; done
}

_engine_setup_options() {
  case $1 in
@OPTIONS@
  esac
}

complete -F _engine_setup @PROGRAMS@
