#!/bin/sh
# A suite need not be a binary.
echo "a script"
exit "${SCRIPT_STATUS:-0}"
