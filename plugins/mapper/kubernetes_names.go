package mapper

import "strings"

// kubeNames makes the names of Kubernetes' actions. It remembers them: there are few.
type kubeNames struct {
	made map[string]string // by verb, resource and subresource
	text []byte
}

// maxKubeName bounds the names that are remembered.
const maxKubeName = 256

// action is the eventName: the verb, the kind of the resource, and the
// subresource, each beginning with a capital. A verb that is for one object has
// the kind, one that is for many the plural: GetPod, ListPods, DeleteCollectionSecrets,
// PatchDeploymentScale, CreatePodExec.
func (n *kubeNames) action(verb, resource, sub string) string {
	n.text = append(append(append(append(append(n.text[:0], verb...), ' '), resource...), '/'), sub...)
	if s, ok := n.made[string(n.text)]; ok {
		return s
	}
	if secretPart(resource) {
		resource = masked
	}
	if secretPart(sub) {
		sub = masked
	}
	many := false
	switch verb {
	case "list", "watch", "deletecollection":
		many = true
	}
	name := kubeVerbName(verb)
	kind := kubeKindOf(resource)
	switch {
	case !many:
		name += kind
	case strings.EqualFold(resource, kind): // endpoints
		name += kind
	case strings.HasPrefix(resource, strings.ToLower(kind)): // the kind's capitals, the plural's end
		name += kind + resource[len(kind):]
	default:
		name += kind[:len(kind)-1] + resource[len(kind)-1:] // policy, policies
	}
	if len(n.text) > maxKubeName { // no API has such a name
		return name + capital(sub)
	}
	for part := range strings.SplitSeq(sub, "/") {
		name += capital(part)
	}
	if n.made == nil {
		n.made = map[string]string{}
	}
	if len(n.made) < maxTemplates {
		n.made[strings.Clone(string(n.text))] = name
	}
	return name
}

// secretPart tells whether a part of a name is a secret, which what it is joined to
// would hide. Clients choose resource and subresource, whether there are such or not.
func secretPart(s string) bool { return looksSecret(s) || hidesSecret(s) }

// capital makes the first letter large.
func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func kubeVerbName(verb string) string {
	if verb == "deletecollection" {
		return "DeleteCollection"
	}
	return capital(verb)
}

// kubeKindOf is the kind of a resource, in the singular: the capitals within a
// name are known of Kubernetes' own, and others are singular by English's rules.
func kubeKindOf(resource string) string {
	switch resource {
	case "apiservices":
		return "APIService"
	case "bindings":
		return "Binding"
	case "certificatesigningrequests":
		return "CertificateSigningRequest"
	case "clusterrolebindings":
		return "ClusterRoleBinding"
	case "clusterroles":
		return "ClusterRole"
	case "componentstatuses":
		return "ComponentStatus"
	case "configmaps":
		return "ConfigMap"
	case "controllerrevisions":
		return "ControllerRevision"
	case "cronjobs":
		return "CronJob"
	case "csidrivers":
		return "CSIDriver"
	case "csinodes":
		return "CSINode"
	case "csistoragecapacities":
		return "CSIStorageCapacity"
	case "customresourcedefinitions":
		return "CustomResourceDefinition"
	case "daemonsets":
		return "DaemonSet"
	case "deviceclasses":
		return "DeviceClass"
	case "endpoints":
		return "Endpoints"
	case "endpointslices":
		return "EndpointSlice"
	case "flowschemas":
		return "FlowSchema"
	case "horizontalpodautoscalers":
		return "HorizontalPodAutoscaler"
	case "ingressclasses":
		return "IngressClass"
	case "ipaddresses":
		return "IPAddress"
	case "limitranges":
		return "LimitRange"
	case "localsubjectaccessreviews":
		return "LocalSubjectAccessReview"
	case "mutatingwebhookconfigurations":
		return "MutatingWebhookConfiguration"
	case "networkpolicies":
		return "NetworkPolicy"
	case "persistentvolumeclaims":
		return "PersistentVolumeClaim"
	case "persistentvolumes":
		return "PersistentVolume"
	case "poddisruptionbudgets":
		return "PodDisruptionBudget"
	case "podsecuritypolicies":
		return "PodSecurityPolicy"
	case "podtemplates":
		return "PodTemplate"
	case "priorityclasses":
		return "PriorityClass"
	case "prioritylevelconfigurations":
		return "PriorityLevelConfiguration"
	case "replicasets":
		return "ReplicaSet"
	case "replicationcontrollers":
		return "ReplicationController"
	case "resourceclaims":
		return "ResourceClaim"
	case "resourceclaimtemplates":
		return "ResourceClaimTemplate"
	case "resourcequotas":
		return "ResourceQuota"
	case "resourceslices":
		return "ResourceSlice"
	case "rolebindings":
		return "RoleBinding"
	case "runtimeclasses":
		return "RuntimeClass"
	case "selfsubjectaccessreviews":
		return "SelfSubjectAccessReview"
	case "selfsubjectreviews":
		return "SelfSubjectReview"
	case "selfsubjectrulesreviews":
		return "SelfSubjectRulesReview"
	case "serviceaccounts":
		return "ServiceAccount"
	case "servicecidrs":
		return "ServiceCIDR"
	case "statefulsets":
		return "StatefulSet"
	case "storageclasses":
		return "StorageClass"
	case "subjectaccessreviews":
		return "SubjectAccessReview"
	case "tokenreviews":
		return "TokenReview"
	case "validatingadmissionpolicies":
		return "ValidatingAdmissionPolicy"
	case "validatingadmissionpolicybindings":
		return "ValidatingAdmissionPolicyBinding"
	case "validatingwebhookconfigurations":
		return "ValidatingWebhookConfiguration"
	case "volumeattachments":
		return "VolumeAttachment"
	}
	return capital(kubeSingular(resource))
}

// kubeSingular is a plural without its end.
func kubeSingular(s string) string {
	switch {
	case len(s) > 3 && strings.HasSuffix(s, "ies"):
		return s[:len(s)-3] + "y"
	case strings.HasSuffix(s, "sses"), strings.HasSuffix(s, "shes"), strings.HasSuffix(s, "ches"), strings.HasSuffix(s, "xes"), strings.HasSuffix(s, "uses"):
		return s[:len(s)-2]
	case len(s) > 1 && strings.HasSuffix(s, "s") && !strings.HasSuffix(s, "ss"):
		return s[:len(s)-1]
	}
	return s
}

// kubeMethod is the HTTP method of a verb. Requests for no resource have it as their verb.
func kubeMethod(verb string) string {
	switch verb {
	case "get", "list", "watch":
		return "GET"
	case "create", "post":
		return "POST"
	case "update", "put":
		return "PUT"
	case "patch":
		return "PATCH"
	case "delete", "deletecollection":
		return "DELETE"
	case "head":
		return "HEAD"
	case "options":
		return "OPTIONS"
	}
	return ""
}

// kubeReads tells whether a request changes nothing. What runs in a pod or goes
// through a proxy may do anything, with whatever verb (kubectl exec is a get since
// it speaks WebSocket); a review is an answer, although it is created.
func kubeReads(verb, group, resource, sub string) bool {
	switch sub {
	case "exec", "attach", "portforward", "proxy":
		return false
	}
	switch verb {
	case "get", "list", "watch", "head", "options":
		return true
	case "create":
		return (group == "authorization.k8s.io" || group == "authentication.k8s.io") && strings.HasSuffix(resource, "reviews")
	}
	return false
}

// isSecretKind tells whether the objects of a resource hold secrets.
func isSecretKind(group, resource, sub string) bool {
	switch {
	case group == "" && resource == "secrets", resource == "tokenreviews", resource == "serviceaccounts" && sub == "token":
		return true
	}
	return false
}

// kubeUserKind is the type of a user.
func kubeUserKind(name string) string {
	switch {
	case strings.HasPrefix(name, serviceAccount):
		return "service-account"
	case strings.HasPrefix(name, "system:"):
		return "system"
	}
	return "user"
}
