package results

import "testing"

func TestUncertainString(t *testing.T) {
	for _, row := range []struct {
		u    Uncertain
		want string
	}{
		{Uncertain{}, "0"},
		{Uncertain{12345, 12345, 12345}, "12,300"},
		{Uncertain{0.0123, 0.0123, 0.0123}, "0.0123"},
		{Uncertain{6, 6, 6}, "6"},
		{Uncertain{99.96, 99.96, 99.96}, "100"},
		{Uncertain{-3500, -3500, -3500}, "-3,500"},
		{Uncertain{-0.4, -0.4, -0.4}, "-0.4"},
		{Uncertain{1e9, 1e9, 1e9}, "1,000,000,000"},
		{Uncertain{18.234, 15.1, 22.4}, "18 (15 to 22)"},
		{Uncertain{18.234, 18.1, 18.4}, "18.23 (18.1 to 18.4)"},
		{Uncertain{1234567, 1200000, 1300000}, "1,230,000 (1,200,000 to 1,300,000)"},
		{Uncertain{880.4, 870, 891}, "880 (870 to 891)"},
		{Uncertain{3.2, 0, 400}, "3 (0 to 400)"},
		{Uncertain{0.04, 0, 3}, "0.04 (0 to 3)"},
	} {
		if got := row.u.String(); got != row.want {
			t.Errorf("%v %v %v: %q, want %q", row.u.Value, row.u.Low, row.u.High, got, row.want)
		}
	}
	if got := (Uncertain{2e6, 1e6, 4e6}).Times(1e-6).String(); got != "2 (1 to 4)" {
		t.Errorf("in milliseconds %q", got)
	}
}
