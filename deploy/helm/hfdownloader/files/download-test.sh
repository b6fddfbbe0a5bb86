# What `helm test` runs: posts a job for $REPO to $API and waits up to $LIMIT seconds until it is complete. $SECRETS is the folder
# with the credentials, if there are any.
set -eu

# curl's configuration, so that no secret stands in the list of processes.
umask 077
configuration=${TMPDIR:-/tmp}/curl.conf
# The first line of a file, as it is written between quotes.
quoted() { head -n 1 "$SECRETS/$1" | sed 's/["\\]/\\&/g'; }
if [ -s "$SECRETS/auth-user" ]; then
    printf 'user = "%s:%s"\n' "$(quoted auth-user)" "$(quoted auth-password)" >"$configuration"
elif [ -s "$SECRETS/api-tokens" ]; then
    printf 'header = "Authorization: Bearer %s"\n' "$(quoted api-tokens)" >"$configuration"
else
    : >"$configuration"
fi
ask() { curl --config "$configuration" --silent --show-error --fail-with-body --max-time 30 "$@"; }
# The last text that the JSON at standard input has under the name $1: a job's own stand behind those of its files.
field() { tr -d '\n' | sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p'; }

answer=$(ask "$API/api/download" --header 'Content-Type: application/json' --data "{\"repo\": \"$REPO\"}") || {
    echo "the api at $API refused the job: $answer" >&2
    exit 1
}
job=$(printf '%s' "$answer" | field id)
echo "job ${job:?no id in the answer: $answer} for $REPO"
end=$(($(date +%s) + LIMIT))
while [ "$(date +%s)" -lt "$end" ]; do
    # An api that is just being replaced is asked again.
    if answer=$(ask "$API/api/jobs/$job"); then
        status=$(printf '%s' "$answer" | field status)
        echo "$status"
        case $status in
            completed) exit 0 ;;
            failed | cancelled)
                echo "$answer" >&2
                exit 1
                ;;
        esac
    fi
    sleep 2
done
echo "not complete after $LIMIT s: $answer" >&2
exit 1
