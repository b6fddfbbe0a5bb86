{{/* Refuses choices that contradict each other, all at once, and says what to do. What a single value may be says values.schema.json. */}}
{{- define "hfdownloader.validate" -}}
{{- $problems := list -}}
{{- $schemes := dict "redis" "^(rediss?|(redis|rediss)\\+sentinel)://" "rabbitmq" "^amqps?://" -}}
{{- $examples := dict "redis" "redis://host:6379" "rabbitmq" "amqp://host:5672/vhost" -}}
{{- range $service := list "redis" "rabbitmq" -}}
{{- $values := get $.Values $service -}}
{{- $external := $values.external -}}
{{- $inline := or $external.user $external.password $external.sentinelUser $external.sentinelPassword -}}
{{- if and $values.trial.enabled $external.url -}}
{{- $problems = append $problems (printf "both %[1]s.external.url and %[1]s.trial.enabled are set: choose one of the two" $service) -}}
{{- else if $values.trial.enabled -}}
{{- if or $inline $external.existingSecret -}}
{{- $problems = append $problems (printf "%[1]s.trial makes its own credentials: leave %[1]s.external.user, password and existingSecret empty" $service) -}}
{{- end -}}
{{- else if not $external.url -}}
{{- $problems = append $problems (printf "no %[1]s: set %[1]s.external.url (such as %[2]s), or %[1]s.trial.enabled=true to try things out" $service (get $examples $service)) -}}
{{- else if not (regexMatch (get $schemes $service) $external.url) -}}
{{- $problems = append $problems (printf "%[1]s.external.url is no URL of its kind: write it such as %[2]s" $service (get $examples $service)) -}}
{{- else if regexMatch "://[^/]*@" $external.url -}}
{{- $problems = append $problems (printf "%[1]s.external.url holds credentials, which would lie open in a ConfigMap: put them in %[1]s.external.existingSecret" $service) -}}
{{- end -}}
{{- if and $external.existingSecret $inline -}}
{{- $problems = append $problems (printf "%[1]s.external has an existingSecret and a user or password besides: leave them empty" $service) -}}
{{- end -}}
{{- if and $external.existingSecret (not $external.existingSecretKeys.password) -}}
{{- $problems = append $problems (printf "%[1]s.external.existingSecret without existingSecretKeys.password: name the key that holds the password" $service) -}}
{{- end -}}
{{- if and (eq $service "rabbitmq") $external.existingSecret (not $external.existingSecretKeys.user) -}}
{{- $problems = append $problems "rabbitmq.external.existingSecret without existingSecretKeys.user: name the key that holds the user name" -}}
{{- end -}}
{{- if and (eq $service "rabbitmq") $external.password (not $external.user) -}}
{{- $problems = append $problems "rabbitmq.external.password without a user: set rabbitmq.external.user, too" -}}
{{- end -}}
{{- if and $external.user (not $external.password) -}}
{{- $problems = append $problems (printf "%[1]s.external.user without a password: set %[1]s.external.password, too" $service) -}}
{{- end -}}
{{- end -}}
{{- with .Values.redis.external -}}
{{- $keys := .existingSecretKeys -}}
{{- if or (and .sentinelUser (not .sentinelPassword)) (and $keys.sentinelUser (not $keys.sentinelPassword)) -}}
{{- $problems = append $problems "redis.external.sentinelUser without a password: set sentinelPassword beside it, too" -}}
{{- end -}}
{{- if and (or $keys.sentinelUser $keys.sentinelPassword) (not .existingSecret) -}}
{{- $problems = append $problems "redis.external.existingSecretKeys for Sentinels without a secret: set redis.external.existingSecret, or sentinelPassword in its place" -}}
{{- end -}}
{{- if and (or .sentinelPassword $keys.sentinelPassword) (not (contains "+sentinel://" .url)) -}}
{{- $problems = append $problems "redis.external has a password for Sentinels and a url that names none: write it such as redis+sentinel://host:26379/master, or leave sentinelPassword empty" -}}
{{- end -}}
{{- end -}}
{{- with .Values.secrets -}}
{{- $inline := or .hubToken .apiTokens .authUser .authPassword .callbackSecret (and .secretKey (not .generated)) -}}
{{- $keys := .existingSecretKeys -}}
{{- if eq (toString .existingSecret) (include "hfdownloader.fullname" $) -}}
{{- $problems = append $problems (printf "secrets.existingSecret is %q, the name of the chart's own secret, which Helm would remove: give yours another name" .existingSecret) -}}
{{- end -}}
{{- if and .existingSecret $inline -}}
{{- $problems = append $problems "secrets.existingSecret and secrets given in the values: put all into the one secret, and name its keys in secrets.existingSecretKeys" -}}
{{- end -}}
{{- $named := or $keys.hubToken $keys.apiTokens $keys.authUser $keys.authPassword $keys.secretKey $keys.callbackSecret -}}
{{- if and .existingSecret (not $named) -}}
{{- $problems = append $problems "secrets.existingSecret without keys: name those that it has in secrets.existingSecretKeys" -}}
{{- end -}}
{{- if and $named (not .existingSecret) -}}
{{- $problems = append $problems "secrets.existingSecretKeys without a secret: set secrets.existingSecret" -}}
{{- end -}}
{{- if or (ne (empty .authUser) (empty .authPassword)) (ne (empty $keys.authUser) (empty $keys.authPassword)) -}}
{{- $problems = append $problems "a user name and a password only go together: set secrets.authUser and secrets.authPassword (or both keys of secrets.existingSecretKeys), or neither" -}}
{{- end -}}
{{- end -}}
{{- if ne .Values.cache.accessMode "ReadWriteMany" -}}
{{- $worker := .Values.worker -}}
{{- $workers := $worker.autoscaling.enabled | ternary $worker.autoscaling.maxReplicas $worker.replicas | int -}}
{{- if gt $workers 1 -}}
{{- $value := $worker.autoscaling.enabled | ternary "worker.autoscaling.maxReplicas" "worker.replicas" -}}
{{- $problems = append $problems (printf "a %s volume is for one worker, not %d: use a ReadWriteMany storage class (NFS, CephFS, Lustre, EFS …) with cache.accessMode=ReadWriteMany, or set %s=1" .Values.cache.accessMode $workers $value) -}}
{{- end -}}
{{- if .Values.api.mountCache -}}
{{- $problems = append $problems (printf "api pods on other nodes cannot mount a %s volume: set api.mountCache=false (/api/cache is then empty, and changes repositories by name and type only), or use cache.accessMode=ReadWriteMany" .Values.cache.accessMode) -}}
{{- end -}}
{{- end -}}
{{- with .Values.worker.autoscaling -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- $problems = append $problems "worker.autoscaling.minReplicas is more than maxReplicas: lower it" -}}
{{- end -}}
{{- if and .enabled (not $.Values.rabbitmq.trial.enabled) (not $.Values.rabbitmq.external.managementUrl) -}}
{{- $problems = append $problems "KEDA counts unacknowledged tasks by RabbitMQ's management API only: set rabbitmq.external.managementUrl (such as http://host:15672)" -}}
{{- end -}}
{{- end -}}
{{- with .Values.api.autoscaling -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- $problems = append $problems "api.autoscaling.minReplicas is more than maxReplicas: lower it" -}}
{{- end -}}
{{- end -}}
{{- range $where, $labels := dict "commonLabels" .Values.commonLabels "api.podLabels" .Values.api.podLabels "worker.podLabels" .Values.worker.podLabels -}}
{{- range $label, $_ := $labels -}}
{{- if regexMatch "^(app[.]kubernetes[.]io|helm[.]sh)/" $label -}}
{{- $problems = append $problems (printf "%s has %s, which the chart sets itself: choose another name" $where $label) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.trustedCa.configMap .Values.trustedCa.secret -}}
{{- $problems = append $problems "trustedCa has a configMap and a secret: name one of the two" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- $problems = append $problems "ingress without a host: name it in ingress.hosts" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- $problems = append $problems "httpRoute without a gateway: name it in httpRoute.parentRefs" -}}
{{- end -}}
{{- $keys := .Values.secrets.existingSecretKeys -}}
{{- $outside := or .Values.ingress.enabled .Values.httpRoute.enabled (ne .Values.api.service.type "ClusterIP") -}}
{{- $guarded := or .Values.secrets.apiTokens .Values.secrets.authUser $keys.apiTokens $keys.authUser -}}
{{- if and $outside (not $guarded) (not .Values.api.openToAll) -}}
{{- $problems = append $problems "an api that is open to all would be reached from outside: set secrets.apiTokens, or secrets.authUser and secrets.authPassword (or their keys of secrets.existingSecretKeys), or api.openToAll=true where something in front of it asks for credentials" -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.enabled) -}}
{{- $problems = append $problems "metrics.serviceMonitor finds services that metrics.enabled makes: set metrics.enabled=true" -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled .Values.networkPolicy.enabled (not .Values.networkPolicy.metricsFrom) -}}
{{- $problems = append $problems "networkPolicy lets nobody in to the metrics: name the pods of Prometheus in networkPolicy.metricsFrom, or set metrics.serviceMonitor.enabled=false" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.apiFrom) $outside -}}
{{- $problems = append $problems "networkPolicy lets nobody in from outside: name the pods of the ingress or gateway in networkPolicy.apiFrom ([{ipBlock: {cidr: 0.0.0.0/0}}] for everybody)" -}}
{{- end -}}
{{- if eq (int .Values.metrics.port) 8080 -}}
{{- $problems = append $problems "metrics.port 8080 is the api's own: choose another, such as 8081" -}}
{{- end -}}
{{- if ne (empty .Values.inference.volume) (empty .Values.inference.namespaces) -}}
{{- $problems = append $problems "inference.volume and inference.namespaces only go together: say where the cache lies and who gets a view of it, or leave both empty" -}}
{{- end -}}
{{- if and .Values.inference.namespaces (has .Release.Namespace .Values.inference.namespaces) -}}
{{- $problems = append $problems (printf "inference.namespaces has %s, the release's own: pods there mount the claim %s itself, readOnly" .Release.Namespace (include "hfdownloader.claimName" .)) -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "\n\nthese values cannot be:\n- %s\n" (join "\n- " $problems)) -}}
{{- end -}}
{{- end -}}
