// Package cloud is the input of the benchmarks: the audit events of a pretended
// cloud, made anew from a seed each time, and the questions that a search page asks
// about them. Whatever is compared is given the same events and asked the same.
package cloud

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// Events makes audit events of a pretended cloud: about 1.3 KB of JSON each, spread
// evenly over 90 days and out of order by up to 30 seconds. Services, users,
// addresses and resources are drawn as they are met, a few often and most rarely.
// The same size always gives the same events.
type Events struct {
	total, made int
	random      *rand.Rand

	service, action, addr, user, resource, client, fault, account *rand.Zipf

	names     [][]string // of actions, by service
	addrs     []string
	users     []person
	keys      []string
	clients   []string
	resources []resource
	accounts  []string
}

type person struct {
	name, principal, kind string
	account               int
}

type resource struct{ kind, name string }

const day = 24 * time.Hour

// Days is how many days the events fill, up to End.
const Days = 90

// Start is the first moment of the time that the events fill.
func Start() time.Time { return End().Add(-Days * day) }

// End is the first moment after the last event's day.
func End() time.Time { return time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC) }

var (
	services   = []string{"Ecs", "Oss", "Rds", "Slb", "Vpc", "Ram", "Sts", "Kms", "Cdn", "Fc", "Cs", "Sls", "Ons", "Dns", "Cen", "Nas", "Redis", "Mongo", "ApiGateway", "Console"}
	regions    = []string{"cn-hangzhou", "cn-shanghai", "cn-beijing", "cn-shenzhen", "ap-southeast-1", "us-west-1", "eu-central-1", "ap-northeast-1"}
	readVerbs  = []string{"Describe", "List", "Get", "Query", "Check"}
	writeVerbs = []string{"Create", "Delete", "Modify", "Update", "Attach", "Detach", "Start", "Stop", "Tag", "Put"}
	nouns      = []string{"Instances", "Disks", "SecurityGroup", "Snapshot", "Image", "Bucket", "Object", "Policy", "Role", "User", "Key", "Backup", "Vpc", "VSwitch", "RouteTable", "Listener", "LoadBalancer", "Domain", "Record", "Function", "Cluster", "Node", "Topic", "Queue", "Project"}
	faults     = []string{"Forbidden.RAM", "InvalidParameter", "InstanceNotFound", "QuotaExceeded", "Throttling.User", "InvalidAccessKeyId", "SignatureDoesNotMatch", "OperationConflict", "InternalError", "NoPermission", "ResourceInUse", "IncorrectInstanceStatus", "MissingParameter", "NotFound", "ServiceUnavailable", "LimitExceeded", "EntityAlreadyExists", "InvalidRegion", "Timeout", "DryRun"}
	words      = []string{"instance", "request", "denied", "because", "policy", "does", "allow", "action", "resource", "quota", "reached", "limit", "retry", "later", "specified", "parameter", "invalid", "missing", "status", "current", "support", "operation", "user", "authorized", "role", "session"}
	parameters = []string{"RegionId", "InstanceType", "ImageId", "VSwitchId", "SecurityGroupId", "ZoneId", "ClientToken", "PageSize", "PageNumber", "Description", "DryRun", "Amount", "PolicyDocument", "Marker", "OwnerId", "TagKey", "TagValue", "KeyPairName", "HostName", "ChargeType"}
	types      = []string{event.TypeAPICall, event.TypeAPICall, event.TypeAPICall, event.TypeConsoleOperation, event.TypeConsoleSignin}
	kinds      = []string{"ram-user", "assumed-role", "root-account", "system", "cloudsso-user"}
)

const actionsOfService = 15 // nine that read, six that write

// New makes the events of a cloud, so many.
func New(total int) *Events {
	r := rand.New(rand.NewPCG(7, 42))
	zipf := func(s, v float64, n int) *rand.Zipf { return rand.NewZipf(r, s, v, uint64(n-1)) }
	g := &Events{total: total, random: r,
		service: zipf(1.3, 8, len(services)), action: zipf(1.4, 8, actionsOfService), addr: zipf(1.1, 8, 5000), user: zipf(1.1, 8, 2000),
		resource: zipf(1.05, 200, 50000), client: zipf(1.3, 8, 200), fault: zipf(1.2, 8, len(faults)), account: zipf(1.2, 8, 20)}
	for s := range services {
		var names []string
		for k := range actionsOfService {
			verb := writeVerbs[(k+s)%len(writeVerbs)]
			if reads(k) {
				verb = readVerbs[(k+s)%len(readVerbs)]
			}
			names = append(names, verb+services[s]+nouns[(k*7+s*3)%len(nouns)])
		}
		g.names = append(g.names, names)
	}
	for range 5000 {
		g.addrs = append(g.addrs, fmt.Sprintf("%d.%d.%d.%d", 10+r.IntN(200), r.IntN(256), r.IntN(256), 1+r.IntN(254)))
	}
	first := []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "svc", "ci"}
	for i := range 2000 {
		g.users = append(g.users, person{fmt.Sprintf("%s.%c%03d", first[i%len(first)], 'a'+i%26, i), fmt.Sprintf("2%017d", r.Int64N(1e17)), kinds[r.IntN(len(kinds))], int(g.account.Uint64())})
	}
	for range 3000 {
		g.keys = append(g.keys, "LTAI5t"+g.hex(18))
	}
	tools := []string{"AlibabaCloud", "aliyun-sdk-go", "Terraform", "console", "kubectl-provider", "python-sdk", "ossutil", "java-sdk"}
	for i := range 200 {
		g.clients = append(g.clients, fmt.Sprintf("%s/%d.%d.%d (linux; amd64) Go/1.%d", tools[i%len(tools)], i%5, i%11, i%17, 15+i%11))
	}
	prefixes := []string{"i-", "i-", "bucket-", "vpc-", "d-"}
	for i := range 50000 {
		k := r.IntN(40)
		g.resources = append(g.resources, resource{"ACS::" + services[k%len(services)] + "::" + nouns[k%len(nouns)], prefixes[i%len(prefixes)] + g.hex(16)})
	}
	for range 20 {
		g.accounts = append(g.accounts, fmt.Sprintf("1%015d", r.Int64N(1e15)))
	}
	return g
}

// reads tells whether the k-th action of a service only reads.
func reads(k int) bool { return k%5 < 3 }

func (g *Events) hex(width int) string {
	b := make([]byte, width)
	var bits uint64
	for i := range b {
		if i%16 == 0 {
			bits = g.random.Uint64()
		}
		b[i] = "0123456789abcdef"[bits>>(60-4*(i%16))&15]
	}
	return string(b)
}

func (g *Events) uuid() string {
	var u [16]byte
	binary.BigEndian.PutUint64(u[:8], g.random.Uint64())
	binary.BigEndian.PutUint64(u[8:], g.random.Uint64())
	return event.FormatUUID(u)
}

// Batch is the next size events, fewer at the end, as the batch with this number.
func (g *Events) Batch(number uint64, size int) (event.Batch, error) {
	hash := func(n uint64) (h event.Hash) {
		binary.BigEndian.PutUint64(h[:], n)
		return h
	}
	b := event.Batch{Lane: event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: "UBENCH", Epoch: 1}, Number: number, Prev: hash(number - 1), Hash: hash(number), Seq: number, Snapshot: true}
	b.Events = make([]event.Event, min(size, g.total-g.made))
	for i := range b.Events {
		e := &b.Events[i]
		if err := g.fill(e); err != nil {
			return event.Batch{}, err
		}
		e.Origin = event.Origin{Agent: b.Lane.Agent, Source: b.Lane.Source, Epoch: b.Lane.Epoch, Batch: number, Index: uint64(i), File: "/var/log/nginx/audit.log", FileID: "fd00-1a2b3c-0f9e8d7c6b5a4938",
			Offset: int64(g.made) * 600, Length: int64(550 + g.random.IntN(100)), Observed: event.At(e.Time.Std().Add(time.Second), 3), Mapper: "edge/" + e.Name}
	}
	return b, nil
}

// fill makes the next event, but for its origin.
func (g *Events) fill(e *event.Event) error {
	r := g.random
	at := Start().Add(time.Duration(float64(g.made)*float64(Days*day-time.Minute)/float64(g.total)) + time.Duration(r.Int64N(int64(30*time.Second))))
	g.made++
	s, k := int(g.service.Uint64()), int(g.action.Uint64())
	u := int(g.user.Uint64())
	who, of := g.users[u], g.resources[g.resource.Uint64()]
	key := g.keys[u]
	if other := u + 2000; other < len(g.keys) && r.IntN(2) == 0 { // some users have two
		key = g.keys[other]
	}
	*e = event.Event{
		ID: g.uuid(), Category: event.CategoryManagement, Type: types[r.IntN(len(types))], Name: g.names[s][k], RW: event.Write,
		Source: "api." + services[s] + ".example.com", Service: services[s], APIVersion: "2014-05-26", Time: event.At(at, 3),
		Region: regions[min(r.IntN(len(regions)), r.IntN(len(regions)))], SourceIP: g.addrs[g.addr.Uint64()], UserAgent: g.clients[g.client.Uint64()],
		RequestID: g.uuid(), ResourceType: of.kind, ResourceName: of.name, RecipientAccountID: g.accounts[0],
		Identity: event.Identity{Type: who.kind, PrincipalID: who.principal, AccountID: g.accounts[who.account], UserName: who.name, AccessKeyID: key, Trust: event.TrustVerified, Source: "consumer"},
	}
	if reads(k) {
		e.RW = event.Read
	}
	if r.IntN(100) < 7 {
		e.ErrorCode = faults[g.fault.Uint64()]
		e.ErrorMessage = e.ErrorCode + " " + g.prose(6+r.IntN(6)) + " " + of.name
	}
	asked := map[string]any{"ResourceId": of.name}
	for j, n := 1, 3+r.IntN(6); j < n; j++ {
		asked[parameters[(u+j*3)%len(parameters)]] = g.parameter(j, e.Region)
	}
	answer := map[string]any{"HostId": e.Source, "OrderId": g.hex(20), "RequestId": e.RequestID, "Success": "true", "TotalCount": json.Number(strconv.Itoa(r.IntN(500)))}
	var err error
	if e.RequestParameters, err = event.NewObject(asked); err != nil {
		return err
	}
	e.ResponseElements, err = event.NewObject(answer)
	return err
}

func (g *Events) parameter(j int, region string) string {
	switch j % 4 {
	case 0:
		return region
	case 1:
		return g.resources[g.resource.Uint64()].name
	case 2:
		return g.uuid()
	}
	return g.prose(4)
}

func (g *Events) prose(n int) string {
	var b []byte
	for i := range n {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, words[g.random.IntN(len(words))]...)
	}
	return string(b)
}
