package lanes

import "testing"

// TestPays: equal messages of so many steps each, but for the longest.
func TestPays(t *testing.T) {
	rows := []struct {
		name           string
		many           Many256
		one            Single256
		n, each, first int
		want           bool
	}{
		{"no kernel", 0, SingleNIVL, 128, 3, 3, false},
		{"hybrid, none", ManyHybrid, SingleNIVL, 0, 0, 0, false},
		{"hybrid, one", ManyHybrid, SingleNIVL, 1, 66, 66, false},
		{"hybrid, too few", ManyHybrid, SingleNIVL, 4, 66, 66, false},
		{"hybrid, few long", ManyHybrid, SingleNIVL, 6, 66, 66, true},
		{"hybrid, few short", ManyHybrid, SingleNIVL, 8, 2, 2, false},
		{"hybrid, a full group", ManyHybrid, SingleNIVL, 8, 3, 3, true},
		{"hybrid, too many left over", ManyHybrid, SingleNIVL, 11, 3, 3, false},
		{"hybrid, two groups", ManyHybrid, SingleNIVL, 16, 2, 2, true},
		{"hybrid, one much longer", ManyHybrid, SingleNIVL, 16, 2, 66, false},
		{"hybrid, many", ManyHybrid, SingleNIVL, 128, 2, 66, true},
		{"pair, short", ManyPair, SingleNI, 8, 2, 2, false},
		{"pair, long", ManyPair, SingleNI, 4, 9, 9, true},
		{"16 lanes, half full", ManyWide16, SingleNI, 8, 9, 9, false},
		{"16 lanes, full", ManyWide16, SingleNI, 16, 9, 9, true},
		{"16 lanes, no SHA-NI", ManyWide16, 0, 4, 3, 3, true},
		{"8 lanes, no SHA-NI", ManyWide8, 0, 5, 3, 3, true},
		{"8 lanes, no SHA-NI, two", ManyWide8, 0, 2, 3, 3, false},
	}
	for _, row := range rows {
		blocks := row.n*row.each + row.first - row.each
		if got := row.many.Pays(row.one, row.n, blocks, row.first); got != row.want {
			t.Errorf("%s: pays %v, want %v", row.name, got, row.want)
		}
	}
}
