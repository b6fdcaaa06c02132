# Progress of long commands: one line that is rewritten on a terminal, a plain line every 15 seconds elsewhere. Sourced by ./do.

shopt -s checkwinsize
(:)  # after a subshell bash knows the width of the terminal

# show_progress TEXT: the newest state; a terminal's line is cut to its width.
show_progress() {
  if [ -t 1 ]; then
    printf '\r\033[K%.*s' "$((${COLUMNS:-80} - 1))" "$1"
  elif [ "$SECONDS" -ge "${progress_next:-0}" ]; then
    printf '%s\n' "$1"
    progress_next=$((SECONDS + 15))
  fi
}

# end_progress TEXT: the last state, which stays.
end_progress() {
  if [ -t 1 ]; then printf '\r\033[K'; fi
  printf '%s\n' "$1"
}

# Reads the status lines of apt-get's output (dlstatus and pmstatus, APT's README.progress-reporting).
package_progress() {
  local line kind percent text began=$SECONDS
  while IFS= read -r line; do
    case $line in
      dlstatus:* | pmstatus:*)
        IFS=: read -r kind _ percent text <<<"$line"
        [ "$kind" = dlstatus ] && kind=download || kind=install
        show_progress "  $kind ${percent%%.*} %, $((SECONDS - began)) s: $text"
        ;;
    esac
  done
  if [ -t 1 ]; then printf '\r\033[K'; fi
}

# Reads ninja's output, whose status is "[done/all] ..."; everything else (what compilers say) passes.
build_progress() {
  local line began=$SECONDS last=""
  while IFS= read -r line; do
    if [[ $line == *"] Re-checking globbed directories..." ]]; then
      continue
    elif [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ (.*)$ ]]; then
      last="${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}"
      show_progress "  building: $last, $((SECONDS - began)) s: ${BASH_REMATCH[3]##*/}"
    elif [[ $line != "ninja: no work to do." && $line != "ninja: Entering directory "* ]]; then
      if [ -t 1 ]; then printf '\r\033[K'; fi
      printf '%s\n' "$line"
    fi
  done
  [ -z "$last" ] || end_progress "built $last in $((SECONDS - began)) s"
}

# build_in FOLDER TARGET...: ninja with one line of progress.
build_in() {
  NINJA_STATUS='[%f/%t] ' ninja -C "$1" "${@:2}" 2>&1 | build_progress
}
