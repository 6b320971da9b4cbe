#compdef docker-containerizer
# Completion of docker-containerizer for zsh: commands, options, and the IDs of containers. The program
# itself knows them; this file lists none.

local program=$words[1] help
local -a verbs flags ids
verbs=(${(f)"$($program --help 2> /dev/null | sed -nE 's/^  ([a-z-]+)  +(.*)/\1:\2/p')"} 'help:print the help of a command')

if (( CURRENT == 2 )); then
  _describe command verbs
elif [[ $words[2] == help ]]; then
  _describe command verbs
else
  help=$($program help $words[2] 2> /dev/null)
  flags=(${(f)"$(print -r -- $help | sed -nE 's/^ +(-[a-zA-Z],)?(--[a-z-]+)( [^ ]+)? +(.*)/\2:\4/p')"})
  [[ $help == *CONTAINER* ]] && ids=(${(f)"$($program ps --all --quiet 2> /dev/null)"})
  if [[ $PREFIX == -* ]]; then
    _describe option flags
  else
    if (( $#ids )); then compadd -a ids; fi
    if [[ $help == *(FILE|DATABASE)* ]]; then _files; fi
  fi
fi
