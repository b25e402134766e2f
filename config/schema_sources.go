package config

import "github.com/hashicorp/hcl/v2"

// The bodies of sources to which records are brought, and of those that fetch them.

type syslogSourceBody struct {
	UDP            hcl.Expression `hcl:"udp,optional"`
	TCP            hcl.Expression `hcl:"tcp,optional"`
	Format         hcl.Expression `hcl:"format,attr"`
	LogFormat      hcl.Expression `hcl:"log_format,optional"`
	Mapper         hcl.Expression `hcl:"mapper,optional"`
	KeepRaw        hcl.Expression `hcl:"keep_raw,optional"`
	TimeZone       hcl.Expression `hcl:"time_zone,optional"`
	TrustedProxies hcl.Expression `hcl:"trusted_proxies,optional"`
	ProxyHeader    hcl.Expression `hcl:"proxy_header,optional"`
	MaxLine        hcl.Expression `hcl:"max_line,optional"`
	MaxInflight    hcl.Expression `hcl:"max_inflight,optional"`

	TLS []listenTLSBlock `hcl:"tls,block"`
}

type socketSourceBody struct {
	Listen         hcl.Expression `hcl:"listen,attr"`
	Format         hcl.Expression `hcl:"format,attr"`
	LogFormat      hcl.Expression `hcl:"log_format,optional"`
	Mapper         hcl.Expression `hcl:"mapper,optional"`
	KeepRaw        hcl.Expression `hcl:"keep_raw,optional"`
	TimeZone       hcl.Expression `hcl:"time_zone,optional"`
	TrustedProxies hcl.Expression `hcl:"trusted_proxies,optional"`
	ProxyHeader    hcl.Expression `hcl:"proxy_header,optional"`
	MaxLine        hcl.Expression `hcl:"max_line,optional"`
	MaxInflight    hcl.Expression `hcl:"max_inflight,optional"`

	TLS []listenTLSBlock `hcl:"tls,block"`
}

type stdinSourceBody struct {
	Format         hcl.Expression `hcl:"format,attr"`
	LogFormat      hcl.Expression `hcl:"log_format,optional"`
	Mapper         hcl.Expression `hcl:"mapper,optional"`
	KeepRaw        hcl.Expression `hcl:"keep_raw,optional"`
	TimeZone       hcl.Expression `hcl:"time_zone,optional"`
	TrustedProxies hcl.Expression `hcl:"trusted_proxies,optional"`
	ProxyHeader    hcl.Expression `hcl:"proxy_header,optional"`
	MaxLine        hcl.Expression `hcl:"max_line,optional"`
}

type auditEventsSourceBody struct {
	Listen         hcl.Expression `hcl:"listen,attr"`
	Format         hcl.Expression `hcl:"format,attr"`
	LogFormat      hcl.Expression `hcl:"log_format,optional"`
	Mapper         hcl.Expression `hcl:"mapper,optional"`
	KeepRaw        hcl.Expression `hcl:"keep_raw,optional"`
	TimeZone       hcl.Expression `hcl:"time_zone,optional"`
	TrustedProxies hcl.Expression `hcl:"trusted_proxies,optional"`
	ProxyHeader    hcl.Expression `hcl:"proxy_header,optional"`
	KeysFile       hcl.Expression `hcl:"keys_file,attr"`
	Channels       hcl.Expression `hcl:"channels,optional"`
	MaxInflight    hcl.Expression `hcl:"max_inflight,optional"`
	Wait           hcl.Expression `hcl:"wait,optional"`

	TLS []listenTLSBlock `hcl:"tls,block"`
}
type bucketSourceBody struct {
	Bucket         hcl.Expression `hcl:"bucket,optional"`
	Store          hcl.Expression `hcl:"store,optional"`
	Path           hcl.Expression `hcl:"path,optional"`
	Prefix         hcl.Expression `hcl:"prefix,optional"`
	Endpoint       hcl.Expression `hcl:"endpoint,optional"`
	Region         hcl.Expression `hcl:"region,optional"`
	PathStyle      hcl.Expression `hcl:"path_style,optional"`
	Insecure       hcl.Expression `hcl:"insecure,optional"`
	CAFile         hcl.Expression `hcl:"ca_file,optional"`
	Poll           hcl.Expression `hcl:"poll,optional"`
	Late           hcl.Expression `hcl:"late,optional"`
	Once           hcl.Expression `hcl:"once,optional"`
	Format         hcl.Expression `hcl:"format,attr"`
	LogFormat      hcl.Expression `hcl:"log_format,optional"`
	Mapper         hcl.Expression `hcl:"mapper,optional"`
	KeepRaw        hcl.Expression `hcl:"keep_raw,optional"`
	TimeZone       hcl.Expression `hcl:"time_zone,optional"`
	TrustedProxies hcl.Expression `hcl:"trusted_proxies,optional"`
	ProxyHeader    hcl.Expression `hcl:"proxy_header,optional"`
	MaxLine        hcl.Expression `hcl:"max_line,optional"`

	Credentials []credentialsBlock `hcl:"credentials,block"`
}

type kafkaSourceBody struct {
	Brokers        hcl.Expression `hcl:"brokers,attr"`
	Topics         hcl.Expression `hcl:"topics,attr"`
	Group          hcl.Expression `hcl:"group,attr"`
	Format         hcl.Expression `hcl:"format,attr"`
	LogFormat      hcl.Expression `hcl:"log_format,optional"`
	Mapper         hcl.Expression `hcl:"mapper,optional"`
	KeepRaw        hcl.Expression `hcl:"keep_raw,optional"`
	TimeZone       hcl.Expression `hcl:"time_zone,optional"`
	TrustedProxies hcl.Expression `hcl:"trusted_proxies,optional"`
	ProxyHeader    hcl.Expression `hcl:"proxy_header,optional"`
	Start          hcl.Expression `hcl:"start,optional"`
	Shared         hcl.Expression `hcl:"shared,optional"`
	MaxLine        hcl.Expression `hcl:"max_line,optional"`

	TLS  []tlsBlock  `hcl:"tls,block"`
	SASL []saslBlock `hcl:"sasl,block"`
}

type saslBlock struct {
	Mechanism    hcl.Expression `hcl:"mechanism,optional"`
	User         hcl.Expression `hcl:"user,attr"`
	PasswordFile hcl.Expression `hcl:"password_file,attr"`
	Range        hcl.Range      `hcl:",def_range"`
}

type natsSourceBody struct {
	Servers        hcl.Expression `hcl:"servers,attr"`
	Subjects       hcl.Expression `hcl:"subjects,attr"`
	Stream         hcl.Expression `hcl:"stream,optional"`
	Credentials    hcl.Expression `hcl:"credentials,optional"`
	NKey           hcl.Expression `hcl:"nkey,optional"`
	Start          hcl.Expression `hcl:"start,optional"`
	Format         hcl.Expression `hcl:"format,attr"`
	LogFormat      hcl.Expression `hcl:"log_format,optional"`
	Mapper         hcl.Expression `hcl:"mapper,optional"`
	KeepRaw        hcl.Expression `hcl:"keep_raw,optional"`
	TimeZone       hcl.Expression `hcl:"time_zone,optional"`
	TrustedProxies hcl.Expression `hcl:"trusted_proxies,optional"`
	ProxyHeader    hcl.Expression `hcl:"proxy_header,optional"`
	MaxLine        hcl.Expression `hcl:"max_line,optional"`
	MaxInflight    hcl.Expression `hcl:"max_inflight,optional"`

	TLS []tlsBlock `hcl:"tls,block"`
}

type keycloakSourceBody struct {
	URL              hcl.Expression `hcl:"url,attr"`
	Realms           hcl.Expression `hcl:"realms,attr"`
	ClientID         hcl.Expression `hcl:"client_id,attr"`
	ClientSecretFile hcl.Expression `hcl:"client_secret_file,attr"`
	TokenRealm       hcl.Expression `hcl:"token_realm,optional"`
	Events           hcl.Expression `hcl:"events,optional"`
	CAFile           hcl.Expression `hcl:"ca_file,optional"`
	Poll             hcl.Expression `hcl:"poll,optional"`
	Format           hcl.Expression `hcl:"format,attr"`
	LogFormat        hcl.Expression `hcl:"log_format,optional"`
	Mapper           hcl.Expression `hcl:"mapper,optional"`
	KeepRaw          hcl.Expression `hcl:"keep_raw,optional"`
	TimeZone         hcl.Expression `hcl:"time_zone,optional"`
	TrustedProxies   hcl.Expression `hcl:"trusted_proxies,optional"`
	ProxyHeader      hcl.Expression `hcl:"proxy_header,optional"`
}
