package config

import "github.com/hashicorp/hcl/v2"

// The blocks as they are written. Values are attributes of their own (value.go),
// so that each mistake is told at its place.

type fileBlocks struct {
	Agent         []agentBlock        `hcl:"agent,block"`
	Sources       []sourceBlock       `hcl:"source,block"`
	Mappers       []mapperBlock       `hcl:"mapper,block"`
	NATS          []natsBlock         `hcl:"nats,block"`
	Agents        []agentsBlock       `hcl:"agents,block"`
	Archives      []archivesBlock     `hcl:"archives,block"`
	API           []apiBlock          `hcl:"api,block"`
	Index         []indexBlock        `hcl:"index,block"`
	Trails        []trailBlock        `hcl:"trail,block"`
	Accounts      []accountBlock      `hcl:"account,block"`
	Organizations []organizationBlock `hcl:"organization,block"`
	Alerts        []laterLabeled      `hcl:"alert,block"`
}

// laterBlock is a block that this version does not have yet, whatever is in it.
type laterBlock struct {
	Range hcl.Range `hcl:",def_range"`
	Body  hcl.Body  `hcl:",remain"`
}

type laterLabeled struct {
	Label string    `hcl:"name,label"`
	Range hcl.Range `hcl:",def_range"`
	Body  hcl.Body  `hcl:",remain"`
}

type agentBlock struct {
	Name    hcl.Expression `hcl:"name,optional"`
	Account hcl.Expression `hcl:"account,optional"`
	Region  hcl.Expression `hcl:"region,optional"`
	HashKey hcl.Expression `hcl:"hash_key,optional"`
	Spool   []spoolBlock   `hcl:"spool,block"`
	NATS    []remoteBlock  `hcl:"nats,block"`
	Range   hcl.Range      `hcl:",def_range"`
}

type spoolBlock struct {
	MaxBytes hcl.Expression `hcl:"max_bytes,optional"`
	Sync     hcl.Expression `hcl:"sync,optional"`
	Range    hcl.Range      `hcl:",def_range"`
}

type remoteBlock struct {
	Servers     hcl.Expression `hcl:"servers,attr"`
	Credentials hcl.Expression `hcl:"credentials,optional"`
	NKey        hcl.Expression `hcl:"nkey,optional"`
	TLS         []tlsBlock     `hcl:"tls,block"`
	Range       hcl.Range      `hcl:",def_range"`
}

type tlsBlock struct {
	CAFile   hcl.Expression `hcl:"ca_file,optional"`
	CertFile hcl.Expression `hcl:"cert_file,optional"`
	KeyFile  hcl.Expression `hcl:"key_file,optional"`
	Range    hcl.Range      `hcl:",def_range"`
}

type agentsBlock struct {
	Enroll hcl.Expression `hcl:"enroll,optional"`
	Range  hcl.Range      `hcl:",def_range"`
}

type archivesBlock struct {
	Keys  hcl.Expression `hcl:"keys,optional"`
	Range hcl.Range      `hcl:",def_range"`
}

type sourceBlock struct {
	Kind  string    `hcl:"kind,label"`
	Name  string    `hcl:"name,label"`
	Body  hcl.Body  `hcl:",remain"`
	Range hcl.Range `hcl:",def_range"`
}

type fileSourceBody struct {
	Paths          hcl.Expression `hcl:"paths,attr"`
	Exclude        hcl.Expression `hcl:"exclude,optional"`
	Format         hcl.Expression `hcl:"format,attr"`
	LogFormat      hcl.Expression `hcl:"log_format,optional"`
	Start          hcl.Expression `hcl:"start,optional"`
	Mapper         hcl.Expression `hcl:"mapper,optional"`
	MaxLine        hcl.Expression `hcl:"max_line,optional"`
	KeepRaw        hcl.Expression `hcl:"keep_raw,optional"`
	TimeZone       hcl.Expression `hcl:"time_zone,optional"`
	TrustedProxies hcl.Expression `hcl:"trusted_proxies,optional"`
	ProxyHeader    hcl.Expression `hcl:"proxy_header,optional"`
	Symlinks       hcl.Expression `hcl:"symlinks,optional"`
	Identity       hcl.Expression `hcl:"identity,optional"`
	IgnoreOlder    hcl.Expression `hcl:"ignore_older,optional"`
	MaxOpen        hcl.Expression `hcl:"max_open,optional"`
	Encoding       hcl.Expression `hcl:"encoding,optional"`
	Delimiter      hcl.Expression `hcl:"delimiter,optional"`
	LongLines      hcl.Expression `hcl:"long_lines,optional"`
	FlushAfter     hcl.Expression `hcl:"flush_after,optional"`
	Compressed     hcl.Expression `hcl:"compressed,optional"`

	Multiline []multilineBlock `hcl:"multiline,block"`
}

type httpSourceBody struct {
	Listen         hcl.Expression `hcl:"listen,attr"`
	Path           hcl.Expression `hcl:"path,optional"`
	Format         hcl.Expression `hcl:"format,attr"`
	LogFormat      hcl.Expression `hcl:"log_format,optional"`
	Mapper         hcl.Expression `hcl:"mapper,optional"`
	KeepRaw        hcl.Expression `hcl:"keep_raw,optional"`
	TimeZone       hcl.Expression `hcl:"time_zone,optional"`
	TrustedProxies hcl.Expression `hcl:"trusted_proxies,optional"`
	ProxyHeader    hcl.Expression `hcl:"proxy_header,optional"`
	TokenFile      hcl.Expression `hcl:"token_file,optional"`
	Split          hcl.Expression `hcl:"split,optional"`
	MaxBody        hcl.Expression `hcl:"max_body,optional"`
	MaxRecords     hcl.Expression `hcl:"max_records,optional"`
	MaxLine        hcl.Expression `hcl:"max_line,optional"`
	MaxInflight    hcl.Expression `hcl:"max_inflight,optional"`
	Wait           hcl.Expression `hcl:"wait,optional"`

	TLS []listenTLSBlock `hcl:"tls,block"`
}

// listenTLSBlock is of one who is called.
type listenTLSBlock struct {
	CertFile     hcl.Expression `hcl:"cert_file,attr"`
	KeyFile      hcl.Expression `hcl:"key_file,attr"`
	ClientCAFile hcl.Expression `hcl:"client_ca_file,optional"`
	Range        hcl.Range      `hcl:",def_range"`
}

type pluginSourceBody struct {
	Command        hcl.Expression `hcl:"command,attr"`
	SHA256         hcl.Expression `hcl:"sha256,optional"`
	Format         hcl.Expression `hcl:"format,attr"`
	LogFormat      hcl.Expression `hcl:"log_format,optional"`
	Mapper         hcl.Expression `hcl:"mapper,optional"`
	KeepRaw        hcl.Expression `hcl:"keep_raw,optional"`
	TimeZone       hcl.Expression `hcl:"time_zone,optional"`
	TrustedProxies hcl.Expression `hcl:"trusted_proxies,optional"`
	ProxyHeader    hcl.Expression `hcl:"proxy_header,optional"`

	Config []configBlock `hcl:"config,block"`
}

// configBlock is what only a plugin can read.
type configBlock struct {
	Range hcl.Range `hcl:",def_range"`
	Body  hcl.Body  `hcl:",remain"`
}

type multilineBlock struct {
	Start    hcl.Expression `hcl:"start,optional"`
	Continue hcl.Expression `hcl:"continue,optional"`
	MaxLines hcl.Expression `hcl:"max_lines,optional"`
	Timeout  hcl.Expression `hcl:"timeout,optional"`
	Range    hcl.Range      `hcl:",def_range"`
}

type natsBlock struct {
	Listen      hcl.Expression `hcl:"listen,optional"`
	Servers     hcl.Expression `hcl:"servers,optional"`
	Credentials hcl.Expression `hcl:"credentials,optional"`
	NKey        hcl.Expression `hcl:"nkey,optional"`
	TLS         []tlsBlock     `hcl:"tls,block"`
	MaxBytes    hcl.Expression `hcl:"max_bytes,optional"`
	Range       hcl.Range      `hcl:",def_range"`
}

type apiBlock struct {
	Listen    hcl.Expression   `hcl:"listen,optional"`
	TokenFile hcl.Expression   `hcl:"token_file,optional"`
	TLS       []listenTLSBlock `hcl:"tls,block"`
	Limits    []limitsBlock    `hcl:"limits,block"`
	Range     hcl.Range        `hcl:",def_range"`
}

type indexBlock struct {
	Kind  string    `hcl:"kind,label"`
	Body  hcl.Body  `hcl:",remain"`
	Range hcl.Range `hcl:",def_range"`
}

type localIndexBody struct {
	Retention hcl.Expression `hcl:"retention,optional"`
	Memory    hcl.Expression `hcl:"memory,optional"`
	Classes   []classBlock   `hcl:"class,block"`
}

// classBlock is the same for every kind of index.
type classBlock struct {
	Name       string         `hcl:"name,label"`
	EventTypes hcl.Expression `hcl:"event_types,optional"`
	Accounts   hcl.Expression `hcl:"accounts,optional"`
	Retention  hcl.Expression `hcl:"retention,attr"`
	Range      hcl.Range      `hcl:",def_range"`
}

type trailBlock struct {
	Name       string         `hcl:"name,label"`
	Where      hcl.Expression `hcl:"where,optional"`
	Regions    hcl.Expression `hcl:"regions,optional"`
	Services   hcl.Expression `hcl:"services,optional"`
	Accounts   hcl.Expression `hcl:"accounts,optional"`
	EventRW    hcl.Expression `hcl:"event_rw,optional"`
	EventTypes hcl.Expression `hcl:"event_types,optional"`
	Account    hcl.Expression `hcl:"account,optional"`
	Residence  hcl.Expression `hcl:"residence,optional"`
	Rest       hcl.Expression `hcl:"rest,optional"`
	Deliver    []deliverBlock `hcl:"deliver,block"`
	Notify     []notifyBlock  `hcl:"notify,block"`
	Witness    []witnessBlock `hcl:"witness,block"`
	Range      hcl.Range      `hcl:",def_range"`
}

type deliverBlock struct {
	Kind     string         `hcl:"kind,label"`
	Name     hcl.Expression `hcl:"name,optional"`
	Backfill hcl.Expression `hcl:"backfill,optional"`
	Regions  hcl.Expression `hcl:"regions,optional"`
	Accounts hcl.Expression `hcl:"accounts,optional"`
	Rest     hcl.Expression `hcl:"rest,optional"`
	Body     hcl.Body       `hcl:",remain"`
	Range    hcl.Range      `hcl:",def_range"`
	trail    string         // whose delivery it is
}

type notifyBlock struct {
	Kind  string    `hcl:"kind,label"`
	Body  hcl.Body  `hcl:",remain"`
	Range hcl.Range `hcl:",def_range"`
}

type webhookBody struct {
	URL        hcl.Expression `hcl:"url,attr"`
	SecretFile hcl.Expression `hcl:"secret_file,optional"`
	Insecure   hcl.Expression `hcl:"insecure,optional"`
}

type natsNotifyBody struct {
	Subject     hcl.Expression `hcl:"subject,attr"`
	Server      hcl.Expression `hcl:"server,optional"`
	Credentials hcl.Expression `hcl:"credentials,optional"`
}

type snsBody struct {
	URL            hcl.Expression `hcl:"url,attr"`
	TopicARN       hcl.Expression `hcl:"topic_arn,attr"`
	KeyFile        hcl.Expression `hcl:"key_file,attr"`
	CertificateURL hcl.Expression `hcl:"certificate_url,attr"`
	SecretFile     hcl.Expression `hcl:"secret_file,optional"`
	Insecure       hcl.Expression `hcl:"insecure,optional"`
}

type mnsBody struct {
	URL            hcl.Expression `hcl:"url,attr"`
	Owner          hcl.Expression `hcl:"owner,attr"`
	Topic          hcl.Expression `hcl:"topic,attr"`
	KeyFile        hcl.Expression `hcl:"key_file,attr"`
	CertificateURL hcl.Expression `hcl:"certificate_url,attr"`
	SecretFile     hcl.Expression `hcl:"secret_file,optional"`
	Insecure       hcl.Expression `hcl:"insecure,optional"`
}

type organizationBlock struct {
	Management hcl.Expression `hcl:"management,attr"`
	Range      hcl.Range      `hcl:",def_range"`
}

type fileDeliveryBody struct {
	Path    hcl.Expression `hcl:"path,attr"`
	Prefix  hcl.Expression `hcl:"prefix,optional"`
	Layout  hcl.Expression `hcl:"layout,optional"`
	Format  hcl.Expression `hcl:"format,optional"`
	Roll    []rollBlock    `hcl:"roll,block"`
	Encrypt []encryptBlock `hcl:"encrypt,block"`
	Lock    []laterBlock   `hcl:"lock,block"`
}

type rollBlock struct {
	MaxAge   hcl.Expression `hcl:"max_age,optional"`
	MaxBytes hcl.Expression `hcl:"max_bytes,optional"`
	Range    hcl.Range      `hcl:",def_range"`
}

type accountBlock struct {
	Name  string         `hcl:"name,label"`
	ID    hcl.Expression `hcl:"id,attr"`
	Range hcl.Range      `hcl:",def_range"`
}

type mapperBlock struct {
	Name     string          `hcl:"name,label"`
	Match    []matchBlock    `hcl:"match,block"`
	Routes   []routeBlock    `hcl:"route,block"`
	Ignore   []ignoreBlock   `hcl:"ignore,block"`
	Identity []identityBlock `hcl:"identity,block"`
	Console  []consoleBlock  `hcl:"console,block"`
	Params   []paramsBlock   `hcl:"params,block"`
	Default  []defaultBlock  `hcl:"default,block"`
	OpenAPI  []openAPIBlock  `hcl:"openapi,block"`
	RPC      []rpcBlock      `hcl:"rpc,block"`
	GraphQL  []graphQLBlock  `hcl:"graphql,block"`
	GRPC     hcl.Expression  `hcl:"grpc,optional"`
	Tests    []testBlock     `hcl:"test,block"`
	Range    hcl.Range       `hcl:",def_range"`
}

type testBlock struct {
	Name      string         `hcl:"name,label"`
	Line      hcl.Expression `hcl:"line,optional"`
	Format    hcl.Expression `hcl:"format,optional"`
	LogFormat hcl.Expression `hcl:"log_format,optional"`
	Expect    hcl.Expression `hcl:"expect,optional"`
	Outcome   hcl.Expression `hcl:"outcome,optional"`
	Range     hcl.Range      `hcl:",def_range"`
}

type matchBlock struct {
	Source     hcl.Expression `hcl:"source,optional"`
	Host       hcl.Expression `hcl:"host,optional"`
	PathPrefix hcl.Expression `hcl:"path_prefix,optional"`
	Range      hcl.Range      `hcl:",def_range"`
}

type routeBlock struct {
	Pattern      string         `hcl:"pattern,label"`
	PatternRange hcl.Range      `hcl:"pattern,label_range"`
	Host         hcl.Expression `hcl:"host,optional"`
	Service      hcl.Expression `hcl:"service,optional"`
	Action       hcl.Expression `hcl:"action,optional"`
	RW           hcl.Expression `hcl:"rw,optional"`
	Type         hcl.Expression `hcl:"type,optional"`
	Category     hcl.Expression `hcl:"category,optional"`
	APIVersion   hcl.Expression `hcl:"api_version,optional"`
	Resource     hcl.Expression `hcl:"resource,optional"`
	ErrorCode    hcl.Expression `hcl:"error_code,optional"`
	Parameters   hcl.Expression `hcl:"parameters,optional"`
	Additional   hcl.Expression `hcl:"additional,optional"`
	Range        hcl.Range      `hcl:",def_range"`
}

type openAPIBlock struct {
	File        hcl.Expression `hcl:"file,attr"`
	BasePath    hcl.Expression `hcl:"base_path,optional"`
	Service     hcl.Expression `hcl:"service,optional"`
	ServiceFrom hcl.Expression `hcl:"service_from,optional"`
	ActionFrom  hcl.Expression `hcl:"action_from,optional"`
	Range       hcl.Range      `hcl:",def_range"`
}

type rpcBlock struct {
	Pattern      string         `hcl:"pattern,label"`
	PatternRange hcl.Range      `hcl:"pattern,label_range"`
	Host         hcl.Expression `hcl:"host,optional"`
	Service      hcl.Expression `hcl:"service,optional"`
	Action       hcl.Expression `hcl:"action,optional"`
	Target       hcl.Expression `hcl:"target,optional"`
	RW           hcl.Expression `hcl:"rw,optional"`
	Type         hcl.Expression `hcl:"type,optional"`
	Category     hcl.Expression `hcl:"category,optional"`
	APIVersion   hcl.Expression `hcl:"api_version,optional"`
	Resource     hcl.Expression `hcl:"resource,optional"`
	ErrorCode    hcl.Expression `hcl:"error_code,optional"`
	Parameters   hcl.Expression `hcl:"parameters,optional"`
	Additional   hcl.Expression `hcl:"additional,optional"`
	Range        hcl.Range      `hcl:",def_range"`
}

type graphQLBlock struct {
	Pattern      string         `hcl:"pattern,label"`
	PatternRange hcl.Range      `hcl:"pattern,label_range"`
	Host         hcl.Expression `hcl:"host,optional"`
	Service      hcl.Expression `hcl:"service,optional"`
	Operation    hcl.Expression `hcl:"operation,optional"`
	Type         hcl.Expression `hcl:"type,optional"`
	ErrorCode    hcl.Expression `hcl:"error_code,optional"`
	Parameters   hcl.Expression `hcl:"parameters,optional"`
	Additional   hcl.Expression `hcl:"additional,optional"`
	Range        hcl.Range      `hcl:",def_range"`
}

type ignoreBlock struct {
	Pattern      string    `hcl:"pattern,label"`
	PatternRange hcl.Range `hcl:"pattern,label_range"`
	Range        hcl.Range `hcl:",def_range"`
}

type identityBlock struct {
	Order       hcl.Expression `hcl:"order,optional"`
	Trust       hcl.Expression `hcl:"trust,optional"`
	TrustedFrom hcl.Expression `hcl:"trusted_from,optional"`
	Type        hcl.Expression `hcl:"type,optional"`
	UserName    hcl.Expression `hcl:"user_name,optional"`
	PrincipalID hcl.Expression `hcl:"principal_id,optional"`
	AccountID   hcl.Expression `hcl:"account_id,optional"`
	AccessKeyID hcl.Expression `hcl:"access_key_id,optional"`
	Range       hcl.Range      `hcl:",def_range"`
}

type consoleBlock struct {
	When       hcl.Expression `hcl:"when,optional"`
	Hosts      hcl.Expression `hcl:"hosts,optional"`
	UserAgents hcl.Expression `hcl:"user_agents,optional"`
	Range      hcl.Range      `hcl:",def_range"`
}

type paramsBlock struct {
	Keep    hcl.Expression `hcl:"keep,optional"`
	Mask    hcl.Expression `hcl:"mask,optional"`
	Headers hcl.Expression `hcl:"headers,optional"`
	Range   hcl.Range      `hcl:",def_range"`
}

type defaultBlock struct {
	Service hcl.Expression `hcl:"service,optional"`
	Action  hcl.Expression `hcl:"action,optional"`
	Range   hcl.Range      `hcl:",def_range"`
}
