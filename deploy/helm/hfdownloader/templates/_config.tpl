{{/* The variables of the components, secrets aside. */}}

{{- define "hfdownloader.stateUrl" -}}
{{- $trial := printf "redis://%s-redis:6379" (include "hfdownloader.fullname" .) -}}
{{- .Values.redis.trial.enabled | ternary $trial .Values.redis.external.url -}}
{{- end -}}

{{- define "hfdownloader.brokerUrl" -}}
{{- $trial := printf "amqp://%s-rabbitmq:5672" (include "hfdownloader.fullname" .) -}}
{{- .Values.rabbitmq.trial.enabled | ternary $trial .Values.rabbitmq.external.url -}}
{{- end -}}

{{/* RabbitMQ's management API with the vhost as its path, as KEDA wants it. */}}
{{- define "hfdownloader.managementUrl" -}}
{{- if .Values.rabbitmq.trial.enabled -}}
http://{{ include "hfdownloader.fullname" . }}-rabbitmq.{{ .Release.Namespace }}.svc:15672/
{{- else -}}
{{ trimSuffix "/" .Values.rabbitmq.external.managementUrl }}/{{ regexReplaceAll "^[^/]*//[^/?]*/?([^?]*).*$" .Values.rabbitmq.external.url "${1}" }}
{{- end -}}
{{- end -}}

{{/* What api and worker have in common. */}}
{{- define "hfdownloader.sharedVariables" -}}
HFD_STATE: {{ include "hfdownloader.stateUrl" . | quote }}
HFD_BROKER: {{ include "hfdownloader.brokerUrl" . | quote }}
HFD_CACHE_DIR: /cache
HFD_ADMIN_PORT: {{ .Values.metrics.port | quote }}
HFD_ADMIN_BIND: {{ .Values.config.bind | quote }}
{{- with .Values.config }}
HFD_PREFIX: {{ .prefix | quote }}
{{- with .endpoint }}
HFD_ENDPOINT: {{ . | quote }}
{{- end }}
HFD_MAX_ACTIVE: {{ .maxActive | int64 | quote }}
HFD_CONNECTIONS: {{ .connections | int64 | quote }}
HFD_MULTIPART_THRESHOLD: {{ .multipartThreshold | quote }}
HFD_VERIFY: {{ .verify | quote }}
HFD_RETRIES: {{ .retries | int64 | quote }}
HFD_MAX_BYTES_PER_SECOND: {{ .maxBytesPerSecond | quote }}
HFD_STALL_TIMEOUT: {{ .stallTimeout | int64 | quote }}
HFD_MIN_SPEED: {{ .minSpeed | quote }}
{{- if .callbackAllowPrivate }}
HFD_CALLBACK_ALLOW_PRIVATE: "true"
{{- end }}
{{- with .log }}
HFD_LOG: {{ . | quote }}
{{- end }}
HFD_LOG_FORMAT: {{ .logFormat | quote }}
{{- end }}
{{- if include "hfdownloader.trustedCa" . }}
# The file comes besides the system's folder, which would be left out if it were not named.
SSL_CERT_FILE: /run/trusted-ca/ca.crt
SSL_CERT_DIR: /etc/ssl/certs
{{- end }}
{{- with .Values.tracing }}
{{- if .endpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ .endpoint | quote }}
{{- with .sampler }}
OTEL_TRACES_SAMPLER: {{ . | quote }}
{{- end }}
{{- with .samplerArg }}
OTEL_TRACES_SAMPLER_ARG: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The volume source with certificates of one's own, or nothing. */}}
{{- define "hfdownloader.trustedCa" -}}
{{- with .Values.trustedCa -}}
{{- if .configMap -}}
configMap:
  name: {{ .configMap }}
  items: [{key: {{ .key | quote }}, path: ca.crt}]
{{- else if .secret -}}
secret:
  secretName: {{ .secret }}
  items: [{key: {{ .key | quote }}, path: ca.crt}]
{{- end }}
{{- end }}
{{- end -}}
