package mapper

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Slots of the events of Kubernetes' audit log.
const (
	kubeKind = iota
	kubeItems
	kubeAPIVersion
	kubeLevel
	kubeID
	kubeStage
	kubeURI
	kubeVerb
	kubeUser
	kubeUID
	kubeGroups
	kubeCredential
	kubeAsUser
	kubeAsUID
	kubeAsGroups
	kubeConstraint
	kubeSources
	kubeAgent
	kubeResource
	kubeNamespace
	kubeName
	kubeGroup
	kubeVersion
	kubeSub
	kubeCode
	kubeReason
	kubeMessage
	kubeReceived
	kubeStaged
	kubeDecision
	kubeWhy
	kubeRequest
	kubeResponse
)

// kubeForm is Event of audit.k8s.io/v1 (staging/src/k8s.io/apiserver/pkg/apis/audit/v1/types.go).
// The objects of request and response are read only where rules ask for a part of them.
func kubeForm() []wanted {
	return []wanted{
		kubeKind: {"kind", plainBranch}, kubeItems: {"items", rawBranch}, kubeAPIVersion: {"apiVersion", plainBranch}, kubeLevel: {"level", plainBranch},
		kubeID: {"auditID", plainBranch}, kubeStage: {"stage", plainBranch}, kubeURI: {"requestURI", plainBranch}, kubeVerb: {"verb", plainBranch},
		kubeUser: {"user.username", plainBranch}, kubeUID: {"user.uid", plainBranch}, kubeGroups: {"user.groups", rawBranch},
		kubeCredential: {"user.extra.authentication.kubernetes.io/credential-id", plainBranch},
		kubeAsUser:     {"impersonatedUser.username", plainBranch}, kubeAsUID: {"impersonatedUser.uid", plainBranch}, kubeAsGroups: {"impersonatedUser.groups", rawBranch},
		kubeConstraint: {"authenticationMetadata.impersonationConstraint", plainBranch},
		kubeSources:    {"sourceIPs", plainBranch}, kubeAgent: {"userAgent", plainBranch},
		kubeResource: {"objectRef.resource", plainBranch}, kubeNamespace: {"objectRef.namespace", plainBranch}, kubeName: {"objectRef.name", plainBranch},
		kubeGroup: {"objectRef.apiGroup", plainBranch}, kubeVersion: {"objectRef.apiVersion", plainBranch}, kubeSub: {"objectRef.subresource", plainBranch},
		kubeCode: {"responseStatus.code", plainBranch}, kubeReason: {"responseStatus.reason", plainBranch}, kubeMessage: {"responseStatus.message", plainBranch},
		kubeReceived: {"requestReceivedTimestamp", plainBranch}, kubeStaged: {"stageTimestamp", plainBranch},
		kubeDecision: {"annotations.authorization.k8s.io/decision", plainBranch}, kubeWhy: {"annotations.authorization.k8s.io/reason", plainBranch},
		kubeRequest: {"requestObject", hiddenBranch}, kubeResponse: {"responseObject", hiddenBranch},
	}
}

// kube is the reader of one source.
type kube struct {
	*nested
	names  kubeNames
	text   []byte // of the objects in the identity
	parts  []byte // unescaped text of groups
	hashed []byte // what its id is made of
}

// kubernetes reads the audit log of an API server: one event a line, or a list of one.
func kubernetes(opt *Options) (reader, error) {
	if opt.LogFormat != "" {
		return nil, errOneForm
	}
	k := &kube{nested: newNested(kubeForm(), opt)}
	return func(m *Mapper, record []byte) error {
		q := &m.request
		k.text, k.parts = k.text[:0], k.parts[:0]
		if err := k.read(record, m.text.escapes, &q.scratch); err != nil {
			return fmt.Errorf("not a JSON record: %w", err)
		}
		if items := k.nested.text[kubeItems]; k.nested.text[kubeKind] == "EventList" {
			if err := k.only(items, m, record); err != nil {
				return err
			}
		}
		return k.take(m)
	}, nil
}

// only reads a list of one event.
func (k *kube) only(items string, m *Mapper, record []byte) error {
	if len(items) < 2 || items[0] != '[' {
		return errors.New("an EventList without items")
	}
	if err := k.read(bytesOf(items[1:len(items)-1]), m.text.escapes, &m.request.scratch); err != nil {
		return fmt.Errorf("an EventList that has not one item: %w", err)
	}
	if len(k.hidden) > 0 {
		k.hidden = append(k.hidden[:0], span{0, len(record)})
	}
	return nil
}

// take fills the request of m. Of the stages of a request the last counts: it has
// the response. A request whose last stage never comes, since the API server was
// killed, leaves none.
func (k *kube) take(m *Mapper) error {
	q, v := &m.request, k.nested.text
	if v[kubeID] == "" || v[kubeStage] == "" {
		return errors.New("not an event of Kubernetes' audit: auditID and stage are needed")
	}
	if v[kubeStage] != "ResponseComplete" && v[kubeStage] != "Panic" {
		return plugins.ErrIgnored
	}
	var err error
	if q.time, err = m.clock.iso(v[kubeReceived], m.opt.TimeZone); err != nil {
		return fmt.Errorf("requestReceivedTimestamp: %w", err)
	}
	if at, err := m.clock.iso(v[kubeStaged], m.opt.TimeZone); err == nil && at.Nanos >= q.time.Nanos {
		q.duration = (at.Nanos - q.time.Nanos) / 1000
	}
	if !q.setStatus(v[kubeCode]) && v[kubeStage] == "Panic" {
		q.status = 500
	}
	verb := v[kubeVerb]
	q.method = kubeMethod(verb)
	q.setTarget(v[kubeURI])
	q.peer, _, _ = strings.Cut(v[kubeSources], ", ")
	q.userAgent, q.requestID = v[kubeAgent], v[kubeID]
	secret := isSecretKind(v[kubeGroup], v[kubeResource], v[kubeSub])
	if secret {
		k.withholdObjects()
	}
	k.fill(q)
	t := &q.told
	t.id, t.service = k.id(), "Kubernetes"
	t.rw = event.Write
	if kubeReads(verb, v[kubeGroup], v[kubeResource], v[kubeSub]) {
		t.rw = event.Read
	}
	if v[kubeResource] != "" {
		t.action = k.names.action(verb, v[kubeResource], v[kubeSub])
		t.apiVersion = q.joined(v[kubeGroup], "/", v[kubeVersion])
		t.resourceType = q.joined(q.joined(v[kubeResource], ".", v[kubeGroup]), "/", v[kubeSub])
		t.resourceName = q.joined(v[kubeNamespace], "/", v[kubeName])
	}
	if q.status >= 400 {
		t.errorCode, t.errorMessage = cmp.Or(v[kubeReason], statusName(q.status)), v[kubeMessage]
		if secret && (t.errorCode == "Invalid" || t.errorCode == "BadRequest") {
			t.errorMessage = "" // it quotes what was sent
		}
	}
	k.actor(q)
	q.add(factLevel, v[kubeLevel])
	if v[kubeStage] == "Panic" {
		q.add(factStage, v[kubeStage])
	}
	q.add(factDecision, v[kubeDecision])
	q.add(factReason, v[kubeWhy])
	return nil
}

// actor tells who acted: the user of the request, and whom they acted as.
func (k *kube) actor(q *request) {
	v, a := k.nested.text, &q.told.actor
	if v[kubeUser] == "" || v[kubeUser] == "system:anonymous" {
		return
	}
	a.name, a.id, a.kind, a.key = v[kubeUser], v[kubeUID], kubeUserKind(v[kubeUser]), v[kubeCredential]
	if groups := k.groups(v[kubeGroups]); groups != "" {
		from := len(k.text)
		k.text = append(append(append(k.text, `{"groups":`...), groups...), '}')
		a.extra = event.Object(view(k.text[from:]))
	}
	s := &q.session
	s.allowed = v[kubeConstraint]
	if as := v[kubeAsUser]; as != "" {
		s.role, s.roleType, s.roleID, s.groups = as, kubeUserKind(as), v[kubeAsUID], k.groups(v[kubeAsGroups])
	}
}

// groups is a list of groups as events have it; empty when there are none.
func (k *kube) groups(list string) event.Object {
	const most = 64
	from := len(k.text)
	b, n := []byte(nil), 0
	if list != "" && list[0] == '[' {
		b = bytesOf(list)
	}
	for i := 1; i < len(b) && n < most; n++ {
		if i = skipSpace(b, i); i >= len(b) || b[i] != '"' {
			break
		}
		group, next, err := stringAt(b, i, k.escapes, &k.parts)
		if err != nil {
			break
		}
		if n == 0 {
			k.text = append(k.text, '[')
		} else {
			k.text = append(k.text, ',')
		}
		k.text = event.AppendString(k.text, group)
		i = skipSpace(b, next) + 1
	}
	if n == 0 {
		return ""
	}
	k.text = append(k.text, ']')
	return event.Object(view(k.text[from:]))
}

// withholdObjects takes parts of objects from the rules: what secrets hold goes nowhere.
func (k *kube) withholdObjects() {
	for i := range k.asked {
		if name := k.asked[i].name; strings.HasPrefix(name, "requestObject.") || strings.HasPrefix(name, "responseObject.") {
			k.nested.text[k.own+i] = ""
		}
	}
}

// joined is a and b with a separator between them, if both are there.
func (q *request) joined(a, separator, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	at := len(q.scratch)
	q.scratch = append(append(append(q.scratch, a...), separator...), b...)
	return view(q.scratch[at:])
}
