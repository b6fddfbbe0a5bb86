#!/bin/bash
# settings.sh - Look at the settings and change some

curl http://localhost:8080/api/settings

curl -X POST http://localhost:8080/api/settings \
  -H "Content-Type: application/json" \
  -d '{
    "token": "hf_xxxxx",
    "connections": 16,
    "maxActive": 8
  }'
