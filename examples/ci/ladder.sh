#!/usr/bin/env bash
# The whole ladder, on this machine, against whatever backend is configured:
#
#   bash ladder.sh                                                # local://.trackbridge
#   TRACKBRIDGE_BACKEND=mlflow+http://localhost:5000 bash ladder.sh
#
# It trains and releases one version, releases a better one, sees a worse one refused, and rolls back. The reports of
# the gate are in ./reports. These are the steps of release.yml, where a person approves between Staging and Production.
set -euo pipefail
cd "$(dirname "$0")"
WORK=${LADDER_DIR:-$PWD}
PYTHON=${PYTHON:-python}
trackbridge() { "$PYTHON" -m trackbridge "$@"; }
train() { "$PYTHON" train.py --data "$WORK/data" --strength "$1"; }
say() { printf '\n== %s\n' "$*"; }

release() { # VERSION
    say "version $1: the gate before Staging"
    trackbridge gate credit-risk --candidate "$1" --promote-to Staging --report "$WORK/reports/$1-staging"
    say "version $1: a person approves"
    trackbridge models approve credit-risk "$1" --actor "${APPROVER:-ann}" --comment "reviewed the report"
    say "version $1: the gate before Production"
    trackbridge gate credit-risk --candidate "$1" --promote-to Production --report "$WORK/reports/$1-production"
}

say "train and register"
first=$(train 0.6)
release "$first"

say "a better one"
second=$(train 1.0)
release "$second"

say "a worse one"
third=$(train 0.1)
if trackbridge gate credit-risk --candidate "$third" --promote-to Staging --report "$WORK/reports/$third-staging"; then
    echo "the gate let a worse version pass" >&2
    exit 1
fi

say "version $second misbehaves: back to the one before"
trackbridge models rollback credit-risk --comment "errors rise"

say "where everything is now"
trackbridge models list --board
trackbridge models history credit-risk
