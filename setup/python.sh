# The Python of the black-box tests: an environment in build/venv with the newest of what they use. Sourced by ./do.

# Fills test_python, and puts the programs of the environment (aws, moto_server) first in PATH. It is always made with the distribution's
# interpreter: what else a machine has in its PATH does not change what is tested.
python_environment() {
  local folder=$PWD/build/venv packages=(boto3 pytest pytest-xdist 'moto[server]' awscli)
  need python
  test_python=$folder/bin/python
  # The folder's own path is part of what is installed: scripts name their interpreter.
  local content="$folder: ${packages[*]}" stamp=$folder/installed
  if [ "$(cat "$stamp" 2>/dev/null)" != "$content" ]; then
    rm -rf "$folder"
  fi
  if [ ! -f "$stamp" ] || [ -n "$(find "$stamp" -mtime +7)" ]; then
    echo "installing the newest ${packages[*]} from PyPI into build/venv"
    local log=build/venv.log
    mkdir -p build
    if { /usr/bin/python3 -m venv "$folder" &&
        "$test_python" -m pip install --quiet --disable-pip-version-check --retries 2 --timeout 20 --upgrade "${packages[@]}"; } >"$log" 2>&1
    then
      echo "$content" >"$stamp"
    elif [ -f "$stamp" ]; then
      echo "note: PyPI cannot be reached ($(tail -n 1 "$log")); testing with what build/venv has" >&2
    else
      echo "note: no environment from PyPI ($(tail -n 1 "$log")); testing with the distribution's older pytest, boto3 and aws" >&2
      rm -rf "$folder"
      need fallback
      test_python=/usr/bin/python3
      return
    fi
  fi
  export PATH="$folder/bin:$PATH"
}
