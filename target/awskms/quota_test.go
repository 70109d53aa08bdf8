package awskms

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/target"
)

func TestSymmetricQuota(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", testSecret)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	tests := []struct {
		name   string
		answer http.Handler
		want   float64
		kind   target.Kind
	}{
		{"applied", answer{200, nil, `{"Quota":{"Value":20000.0,"QuotaCode":"L-6E3AF000"}}`}, 20000, ""},
		{"none", answer{200, nil, `{}`}, 0, target.NotKMS},
		{"zero", answer{200, nil, `{"Quota":{"Value":0}}`}, 0, target.NotKMS},
		{"HTML", answer{200, nil, `<html>`}, 0, target.NotKMS},
		{"denied", answer{400, nil, coded("AccessDeniedException")}, 0, target.AccessDenied},
		{"unknown quota", answer{400, nil, coded("NoSuchResourceException")}, 0, target.Other},
		{"closed", hijack(""), 0, target.Connection},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var last received
			c := open(t, Options{Region: "eu-west-1"})
			c.quotaEndpoint = serve(t, recorder(&last, tt.answer))
			got, err := c.SymmetricQuota(t.Context())
			if got != tt.want || target.KindOf(err) != tt.kind {
				t.Errorf("quota %v, err %v, want %v, kind %q", got, err, tt.want, tt.kind)
			}
			if err == nil && !strings.Contains(string(last.body), symmetricQuotaCode) {
				t.Errorf("asked %s", last.body)
			}
		})
	}
	emulator := openOn(t, answer{200, nil, "{}"})
	if _, err := emulator.SymmetricQuota(t.Context()); target.KindOf(err) != target.Unsupported || emulator.Counters().Attempts != 0 {
		t.Errorf("emulator: %v, want kind unsupported", err)
	}
}
