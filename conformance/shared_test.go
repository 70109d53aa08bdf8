package conformance_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// changesKey are the operations that change what other cases see of a key.
var changesKey = map[string]bool{
	"EnableKey": true, "DisableKey": true, "ScheduleKeyDeletion": true, "CancelKeyDeletion": true,
	"EnableKeyRotation": true, "DisableKeyRotation": true, "RotateKeyOnDemand": true, "PutKeyPolicy": true,
	"TagResource": true, "UntagResource": true, "UpdateKeyDescription": true,
	"ImportKeyMaterial": true, "DeleteImportedKeyMaterial": true, "ReplicateKey": true, "UpdatePrimaryRegion": true,
}

// TestSharedKeysAreNotChanged: no case asks for a change of a key that other
// cases use, not even when it expects a refusal. A target that does not refuse
// would fail them all for one fault.
func TestSharedKeysAreNotChanged(t *testing.T) {
	t.Parallel()
	cleanRun(t)
	shared, looked := map[string]string{}, 0
	for line := range strings.Lines(clean.text) {
		var l struct {
			Exchange struct {
				Row, Shared, Operation string
				CleanUp                bool `json:"clean_up"`
				Request, Response      struct{ Body string }
			}
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		x := l.Exchange
		if x.Shared != "" && x.Operation == "CreateKey" {
			var made struct{ KeyMetadata struct{ KeyId string } }
			if err := json.Unmarshal([]byte(x.Response.Body), &made); err != nil {
				t.Fatal(err)
			}
			shared[made.KeyMetadata.KeyId] = x.Shared
		}
		if x.Row == "" || !changesKey[x.Operation] {
			continue
		}
		looked++
		for id, name := range shared {
			if strings.Contains(x.Request.Body, id) {
				t.Errorf("%s sends %s on a key of other cases (%s): use p.Fresh", x.Row, x.Operation, name)
			}
		}
	}
	if len(shared) < 10 || looked < 50 {
		t.Fatalf("%d shared keys and %d changes found: the test looks in the wrong place", len(shared), looked)
	}
}
