# Completion of docker-containerizer for bash: commands, options, and the IDs and names of containers.
# The program itself knows them; this file lists none.

_docker_containerizer() {
  local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]-} help
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "help --help --version $("$program" --help 2> /dev/null |
      sed -nE 's/^  ([a-z-]+)  .*/\1/p')" -- "$word")
    return
  fi
  if [[ $verb == help ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("$program" --help 2> /dev/null |
      sed -nE 's/^  ([a-z-]+)  .*/\1/p')" -- "$word")
    return
  fi
  help=$("$program" help "$verb" 2> /dev/null) || return
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(grep -oE -- '^ +(-[a-zA-Z],)?--[a-z-]+' <<< "$help" |
      tr -s ' ,' '\n')" -- "$word")
  elif [[ $word == */* || $help == *"FILE"* || $help == *DATABASE* ]] && [[ $help != *CONTAINER* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  elif [[ $help == *CONTAINER* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("$program" ps --all --quiet 2> /dev/null)" -- "$word")
  fi
}

complete -F _docker_containerizer docker-containerizer
