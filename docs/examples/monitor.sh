#!/bin/bash
# monitor.sh - Monitor download progress

JOB_ID=$1

while true; do
  STATUS=$(curl -s "http://localhost:8080/api/jobs/$JOB_ID")
  JOB_STATUS=$(echo "$STATUS" | jq -r '.status // .error')

  case "$JOB_STATUS" in
    completed | failed | cancelled)
      echo "Job $JOB_STATUS"
      break
      ;;
    "Job not found" | Unauthorized)
      echo "$JOB_STATUS: $JOB_ID" >&2
      exit 1
      ;;
    queued | running | paused) ;;
    *) echo "Waiting: ${JOB_STATUS:-no answer}" >&2 ;;
  esac

  DOWNLOADED=$(echo "$STATUS" | jq '.progress.downloadedBytes')
  TOTAL=$(echo "$STATUS" | jq '.progress.totalBytes')

  if [ "${TOTAL:-null}" != null ] && [ "$TOTAL" -gt 0 ]; then
    PCT=$(echo "scale=1; $DOWNLOADED * 100 / $TOTAL" | bc)
    echo "Progress: $PCT%"
  fi

  sleep 2
done
