{{/* What the pods of api and worker have in common. All take (dict "root" . "component" "api"). */}}

{{/* A pod starts anew when its configuration or the secrets in the values change. */}}
{{- define "hfdownloader.podMetadata" -}}
{{- include "hfdownloader.generate" .root -}}
{{- $values := get .root.Values .component -}}
labels:
  {{- include "hfdownloader.podLabels" (merge (dict "more" $values.podLabels) .) | nindent 2 }}
annotations:
  checksum/config: {{ include (printf "hfdownloader.%sVariables" .component) .root | sha256sum }}
  {{- if not .root.Values.secrets.existingSecret }}
  # The secret key is part of it, so nobody can guess passwords by it.
  checksum/secrets: {{ .root.Values.secrets | toJson | sha256sum }}
  {{- end }}
  {{- $services := list .root.Values.redis.external .root.Values.redis.trial.password .root.Values.rabbitmq.external .root.Values.rabbitmq.trial.password }}
  # By a hash that is slow, so nobody can guess passwords by it.
  checksum/services: {{ derivePassword 1 "maximum" (toJson $services) .root.Release.Name .root.Release.Namespace | sha256sum }}
  {{- with $values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "hfdownloader.podSpec" -}}
{{- $root := .root -}}
{{- $values := get $root.Values .component -}}
serviceAccountName: {{ include "hfdownloader.serviceAccountName" $root }}
automountServiceAccountToken: false
# A service named like one of our variables would set it: HFD_PORT of a service "hfd".
enableServiceLinks: false
terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
securityContext:
  {{- toYaml $root.Values.podSecurityContext | nindent 2 }}
{{- with include "hfdownloader.pullSecrets" $root }}
{{ . }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{ toYaml . | indent 4 | trim }}
    {{- if not .labelSelector }}
    labelSelector:
      matchLabels:
        {{- include "hfdownloader.selector" $ | nindent 8 }}
    {{- end }}
  {{- end }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: 64Mi}
  {{- if or (eq .component "worker") $root.Values.api.mountCache }}
  - name: cache
    persistentVolumeClaim:
      claimName: {{ include "hfdownloader.claimName" $root }}
  {{- end }}
  {{- with (include "hfdownloader.secretParts" . | fromJson).files }}
  - name: secrets
    projected:
      defaultMode: 0440
      sources:
        {{- range . }}
        - secret:
            name: {{ .secret }}
            items: [{key: {{ .key | quote }}, path: {{ .file }}}]
        {{- end }}
  {{- end }}
  {{- with include "hfdownloader.trustedCa" $root }}
  - name: trusted-ca
    {{- . | nindent 4 }}
  {{- end }}
  {{- with $values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "hfdownloader.container" -}}
{{- $root := .root -}}
{{- $values := get $root.Values .component -}}
{{- $secrets := include "hfdownloader.secretParts" . | fromJson -}}
image: {{ include "hfdownloader.image" (dict "root" $root "image" $values.image "own" true) | quote }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
{{- with $values.extraArgs }}
args:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml $root.Values.securityContext | nindent 2 }}
envFrom:
  - configMapRef:
      name: {{ include "hfdownloader.componentName" . }}
  {{- with $values.extraEnvFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- if or $secrets.files $secrets.names $root.Values.tracing.endpoint $values.extraEnv }}
env:
  {{- range $secrets.files }}
  - name: {{ .variable }}_FILE
    value: /run/secrets/hfd/{{ .file }}
  {{- end }}
  {{- range $secrets.names }}
  - name: {{ .variable }}
    valueFrom:
      secretKeyRef: {name: {{ .secret }}, key: {{ .key | quote }}}
  {{- end }}
  {{- if $root.Values.tracing.endpoint }}
  - name: POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  - name: OTEL_RESOURCE_ATTRIBUTES
    value: k8s.namespace.name={{ $root.Release.Namespace }},k8s.pod.name=$(POD_NAME)
  {{- end }}
  {{- with $values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
resources:
  {{- toYaml $values.resources | nindent 2 }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- if or (eq .component "worker") $root.Values.api.mountCache }}
  - name: cache
    mountPath: /cache
    {{- with $root.Values.cache.subPath }}
    subPath: {{ . }}
    {{- end }}
    {{- if eq .component "api" }}
    readOnly: true
    {{- end }}
  {{- end }}
  {{- if $secrets.files }}
  - name: secrets
    mountPath: /run/secrets/hfd
    readOnly: true
  {{- end }}
  {{- if include "hfdownloader.trustedCa" $root }}
  - name: trusted-ca
    mountPath: /run/trusted-ca
    readOnly: true
  {{- end }}
  {{- with $values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Liveness asks for the event loop alone, where no client is in its way; readiness also for what the process needs. Takes the name of the port whose readiness it is, too. */}}
{{- define "hfdownloader.probes" -}}
{{- $values := get .root.Values .component -}}
startupProbe:
  httpGet: {path: /healthz, port: admin}
  {{- toYaml $values.startupProbe | nindent 2 }}
livenessProbe:
  httpGet: {path: /healthz, port: admin}
  {{- toYaml $values.livenessProbe | nindent 2 }}
readinessProbe:
  httpGet: {path: /readyz, port: {{ .port }}}
  {{- toYaml $values.readinessProbe | nindent 2 }}
{{- end -}}
