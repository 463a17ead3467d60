package portal

import (
	"testing"

	"gongxin/internal/catalog"
)

func testCatalog(t testing.TB) *catalog.Store {
	t.Helper()
	store, err := catalog.NewStore(catalog.Default())
	if err != nil {
		t.Fatal(err)
	}
	return store
}
