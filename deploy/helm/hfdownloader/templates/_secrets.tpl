{{/*
Secrets. What is made at random is made once: what the cluster has is looked up, and what is made is put into the values, so that
each template of this rendering sees the same. "helm template" sees no cluster and makes new ones each time.
*/}}

{{/* Takes (dict "root" . "name" <secret> "key" <key>); the value in the cluster, or nothing. */}}
{{- define "hfdownloader.existing" -}}
{{- $secret := lookup "v1" "Secret" .root.Release.Namespace .name | default dict -}}
{{- get (get $secret "data" | default dict) .key | b64dec -}}
{{- end -}}

{{- define "hfdownloader.generate" -}}
{{- $secrets := .Values.secrets -}}
{{- if and (not $secrets.existingSecret) (not $secrets.secretKey) -}}
{{- $existing := include "hfdownloader.existing" (dict "root" . "name" (include "hfdownloader.fullname" .) "key" "secret-key") -}}
{{- $_ := set $secrets "secretKey" ($existing | default (randBytes 32)) -}}
{{- $_ := set $secrets "generated" true -}}
{{- end -}}
{{- range $service := list "redis" "rabbitmq" -}}
{{- $values := get $.Values $service -}}
{{- if and $values.trial.enabled (not (hasKey $values.trial "password")) -}}
{{- $name := printf "%s-%s" (include "hfdownloader.fullname" $) $service -}}
{{- $existing := include "hfdownloader.existing" (dict "root" $ "name" $name "key" "password") -}}
{{- $_ := set $values.trial "password" ($existing | default (randAlphaNum 32)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What credentials of redis or rabbitmq are called in the values, with their keys in a secret of the chart's own; as JSON. */}}
{{- define "hfdownloader.credentialKeys" -}}
{{- dict "user" "username" "password" "password" "sentinelUser" "sentinel-username" "sentinelPassword" "sentinel-password" | toJson -}}
{{- end -}}

{{/* The secret of redis or rabbitmq with the keys that hold its credentials: {name, user, password, …}, as JSON. */}}
{{- define "hfdownloader.credentials" -}}
{{- $values := get .root.Values .service -}}
{{- $own := printf "%s-%s" (include "hfdownloader.fullname" .root) .service -}}
{{- $external := $values.external -}}
{{- if $values.trial.enabled -}}
{{- dict "name" $own "user" (eq .service "rabbitmq" | ternary "username" "") "password" "password" | toJson -}}
{{- else if $external.existingSecret -}}
{{- merge (dict "name" $external.existingSecret) $external.existingSecretKeys | toJson -}}
{{- else -}}
{{- $keys := dict "name" $own -}}
{{- range $part, $key := include "hfdownloader.credentialKeys" . | fromJson -}}
{{- if get $external $part -}}{{- $_ := set $keys $part $key -}}{{- end -}}
{{- end -}}
{{- $keys | toJson -}}
{{- end -}}
{{- end -}}

{{/*
What a component takes from secrets, as JSON: "files" and "names", lists of {variable, file, secret, key}. Secrets are files below
/run/secrets/hfd (variable and _FILE); user names are none, and come as variables. Workers need nothing of what lets clients in.
*/}}
{{- define "hfdownloader.secretParts" -}}
{{- $root := .root -}}
{{- $secrets := $root.Values.secrets -}}
{{- $wanted := list (list "HFD_TOKEN" "hub-token" "hubToken") (list "HFD_SECRET_KEY" "secret-key" "secretKey") (list "HFD_CALLBACK_SECRET" "callback-secret" "callbackSecret") -}}
{{- if eq .component "api" -}}
{{- $wanted = concat $wanted (list (list "HFD_API_TOKEN" "api-tokens" "apiTokens") (list "HFD_AUTH_USER" "auth-user" "authUser") (list "HFD_AUTH_PASS" "auth-password" "authPassword")) -}}
{{- end -}}
{{- $files := list -}}
{{- range $wanted -}}
{{- $variable := index . 0 -}}
{{- $file := index . 1 -}}
{{- $value := index . 2 -}}
{{- if $secrets.existingSecret -}}
{{- with get $secrets.existingSecretKeys $value -}}
{{- $files = append $files (dict "variable" $variable "file" $file "secret" $secrets.existingSecret "key" .) -}}
{{- end -}}
{{- else if get $secrets $value -}}
{{- $files = append $files (dict "variable" $variable "file" $file "secret" (include "hfdownloader.fullname" $root) "key" $file) -}}
{{- end -}}
{{- end -}}
{{- range $service, $variable := dict "redis" "HFD_STATE" "rabbitmq" "HFD_BROKER" -}}
{{- $credentials := include "hfdownloader.credentials" (dict "root" $root "service" $service) | fromJson -}}
{{- range $part, $_ := include "hfdownloader.credentialKeys" $root | fromJson -}}
{{- with get $credentials $part -}}
{{- $files = append $files (dict "variable" (printf "%s_%s" $variable ($part | snakecase | upper)) "file" (printf "%s-%s" $service ($part | kebabcase)) "secret" $credentials.name "key" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $names := list -}}
{{- $secret := list -}}
{{- range $files -}}
{{- if hasSuffix "_USER" .variable -}}{{- $names = append $names . -}}{{- else -}}{{- $secret = append $secret . -}}{{- end -}}
{{- end -}}
{{- dict "files" $secret "names" $names | toJson -}}
{{- end -}}
