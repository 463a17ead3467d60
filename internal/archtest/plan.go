package archtest

// layers is the house from the ground up. A unit imports units of lower layers only; within the two free layers the compiler's
// ban on cycles is enough.
var layers = []layer{
	{name: "leaves", free: true, units: []string{
		"fault", "clock", "id", "config", "obs", "ident", "cntext", "mask", "gm", "sheet", "pdf", "qr", "verify", "limit", "clamd", "archtest",
	}},
	{name: "components of pages", units: []string{"web/ui"}},
	{name: "kernel", free: true, units: []string{"audit", "translog", "flow", "job", "notice", "db", "blob", "ruleset", "codelist", "sealed"}},
	{name: "permissions", units: []string{"authz"}},
	{name: "accounts", units: []string{"identity"}},
	{name: "drafts", units: []string{"approval"}},
	{name: "features 1", units: []string{"catalog", "agency"}},
	{name: "features 2", units: []string{"subject"}},
	{name: "features 3", units: []string{"record"}},
	{name: "features 4", units: []string{"publish", "consent"}},
	{name: "features 5", units: []string{"ingest", "check", "report"}},
	{name: "features 6", units: []string{"objection", "repair", "correction", "commitment", "declaration", "listing", "measure", "lifecycle"}},
	{name: "features 7", units: []string{"evaluate", "supervise", "quality"}},
	{name: "features 8", units: []string{"exchange", "scene", "finance", "content", "synth"}},
	{name: "operation", free: true, units: []string{"backup", "doctor"}},
	{name: "edge", units: []string{"api", "web"}},
	{name: "composition", units: []string{"app"}},
	{name: "measuring", free: true, units: []string{"bench", "soak"}},
	{name: "programs", units: []string{"cmd", "e2e", "docs"}}, // docs holds only tests that hold the documents to the program
}

type layer struct {
	name  string
	free  bool // units of this layer may import each other
	units []string
}

// importers lists units that only these others may import.
var importers = map[string][]string{
	"app":      {"cmd", "e2e", "bench", "soak", "backup"}, // backup: its tests, which restore a whole register; its layer stands below
	"bench":    {"cmd", "e2e"},
	"soak":     {"cmd", "e2e"},
	"web/ui":   {"web", "app", "bench"},
	"archtest": {},
}

// onlyImports lists units that may import these others only, whatever their layer allows. The synthetic city knows the
// catalogue and the forms of things, and nothing of how they are stored: what it makes goes through the real intake.
var onlyImports = map[string][]string{
	"synth": {"catalog", "ident", "clock", "cntext", "sheet", "fault"},
}

// owners says whose a table is: the table of this name and those that start with it and an underscore. Only the owner's SQL may
// name it.
var owners = map[string]string{
	"meta":           "db",
	"schema_version": "db",

	"audit": "audit", "log": "translog", "job": "job", "flow": "flow", "notice": "notice", "blob": "blob", "ruleset": "ruleset",
	"permission": "authz", "role": "authz", "grant": "authz",
	"account": "identity", "session": "identity", "credential": "identity", "apikey": "identity", "claim": "identity", "oidc": "identity",
	"approval": "approval", "matter": "agency", "access": "audit",

	"catalog": "catalog", "calendar": "catalog", "agency": "agency", "region": "agency",
	"subject": "subject", "legacy": "subject", "record": "record",
	"publish": "publish", "consent": "consent",
	"ingest": "ingest", "submission": "ingest", "check": "check", "report": "report",
	"objection": "objection", "repair": "repair", "correction": "correction", "commitment": "commitment", "declaration": "declaration", "listing": "listing", "measure": "measure",
	"evaluate": "evaluate", "supervise": "supervise", "quality": "quality",
	"backup":   "backup",
	"exchange": "exchange", "scene": "scene", "finance": "finance", "content": "content",
	"api": "api",
}

// freeOfOwners lists units whose SQL may name any table: db applies the migrations, and bench measures bare statements as the floor that
// the product is held against; soak looks behind the product's back for what was acknowledged.
var freeOfOwners = []string{"db", "bench", "soak"}

// mayName lists, per unit, tables of others that it may name in SQL nevertheless, with the reason beside each. It is empty as long as
// packages ask each other in Go.
var mayName = map[string][]string{
	// The auditor recomputes leaves from the rows themselves: going through the packages that wrote them would prove only that they agree with themselves.
	"verify": {
		"record", "record_version", "record_change", "access_log", "audit_act", "catalog_edition", "calendar_year", "legacy_code", "publish_ruleset", "ruleset_version",
		"log_outbox", "log_pending", "log_sequence", "log_special", "log_change", "log_state",
	},
}

// testOnly lists import paths that production code must not reach: helpers of tests, and libraries that would come along
// with them.
var testOnly = []string{
	"internal/db/dbtest",
	"internal/web/desk/desktest",
	"github.com/google/go-cmp",
	"pgregory.net/rapid",
	"github.com/rogpeppe/go-internal",
	"github.com/chromedp",
	"github.com/descope/virtualwebauthn",
	"github.com/go-jose",
}

// testHelpers lists folders that are themselves helpers of tests.
var testHelpers = []string{"internal/db/dbtest", "internal/web/desk/desktest", "e2e"}

// ownClock lists units that may read the machine's clock: the clock itself, measurements, and the programs that choose
// it. Everything else is given the time.
var ownClock = []string{"clock", "obs", "bench", "soak", "cmd", "e2e"}

// emptyNames are package names that say nothing.
var emptyNames = []string{"util", "utils", "common", "helper", "helpers", "misc", "models", "services", "shared", "base"}

const (
	maxLines      = 800
	migrationsDir = "internal/db/migrations"
)
