package inproc_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/inproc"
	"github.com/kmsmac/kmsmac/target/targettest"
)

func Test(t *testing.T) {
	targettest.Run(t, func(*testing.T) target.Target { return inproc.New(inproc.Options{}) })
}

func TestInfo(t *testing.T) {
	if got := inproc.New(inproc.Options{}).Info(); got.Name != "engine" || got.Client != "engine" || got.Region != "us-east-1" || got.Endpoint != "" || got.AWS {
		t.Errorf("info = %+v", got)
	}
	tgt := inproc.New(inproc.Options{Name: "mine", Region: "eu-west-1"})
	m, err := tgt.CreateKey(t.Context(), target.CreateKeyRequest{KeySpec: "HMAC_224"})
	if err != nil || !strings.HasPrefix(m.ARN, "arn:aws:kms:eu-west-1:000000000000:key/") || tgt.Info().Name != "mine" {
		t.Errorf("key %+v, info %+v, err %v", m, tgt.Info(), err)
	}
}

// After the date a key, its tags and its aliases are gone (row DE-11).
func TestDeletionDatePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tgt := inproc.New(inproc.Options{})
		gone, stays := create(t, tgt, ""), create(t, tgt, "")
		if err := tgt.CreateAlias(t.Context(), "alias/a", gone.KeyID); err != nil {
			t.Fatal(err)
		}
		date, err := tgt.ScheduleKeyDeletion(t.Context(), gone.KeyID, 7)
		if err != nil || !date.Equal(time.Now().AddDate(0, 0, 7)) {
			t.Fatalf("date %v, err %v", date, err)
		}
		time.Sleep(time.Until(date) - time.Nanosecond)
		if m, err := tgt.DescribeKey(t.Context(), gone.KeyID); err != nil || m.State != target.StatePendingDeletion {
			t.Errorf("a nanosecond before: %+v, %v", m, err)
		}
		time.Sleep(time.Nanosecond)
		if _, err := generate(t, tgt, gone.KeyID); target.KindOf(err) != target.NotFound {
			t.Errorf("GenerateMac: %v, want kind not_found", err)
		}
		for _, id := range []string{gone.KeyID, "alias/a"} {
			if _, err := tgt.DescribeKey(t.Context(), id); target.KindOf(err) != target.NotFound {
				t.Errorf("DescribeKey of %s: %v, want kind not_found", id, err)
			}
		}
		if err := tgt.CancelKeyDeletion(t.Context(), gone.KeyID); target.KindOf(err) != target.NotFound {
			t.Errorf("CancelKeyDeletion: %v, want kind not_found", err)
		}
		page, err := tgt.ListKeys(t.Context(), "", 0)
		if err != nil || len(page.Keys) != 1 || page.Keys[0].KeyID != stays.KeyID {
			t.Errorf("ListKeys = %+v, %v, want %s alone", page, err, stays.KeyID)
		}
		if _, err := generate(t, tgt, stays.KeyID); err != nil {
			t.Errorf("the other key: %v", err)
		}
	})
}

func create(t *testing.T, tgt *inproc.Target, origin string) target.KeyMetadata {
	t.Helper()
	m, err := tgt.CreateKey(t.Context(), target.CreateKeyRequest{KeySpec: "HMAC_256", Origin: origin})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func generate(t *testing.T, tgt *inproc.Target, keyID string) (target.GenerateMacReply, error) {
	t.Helper()
	return tgt.GenerateMac(t.Context(), target.GenerateMacRequest{KeyID: keyID, Algorithm: engine.HMACSHA256, Message: []byte("m")})
}

func TestImportLengths(t *testing.T) {
	tgt := inproc.New(inproc.Options{})
	for n, ok := range map[int]bool{0: false, 1: false, 31: false, 32: true, 33: true, 64: true, 65: true, 128: true, 129: false} {
		key := create(t, tgt, target.OriginExternal)
		secret := bytes.Repeat([]byte{7}, n)
		err := tgt.ImportKey(t.Context(), key.KeyID, secret)
		if ok != (err == nil) || !ok && target.KindOf(err) != target.Import {
			t.Errorf("%d bytes: %v, want success %v", n, err, ok)
		}
		if !ok {
			continue
		}
		got, err := generate(t, tgt, key.KeyID)
		m := hmac.New(sha256.New, secret)
		m.Write([]byte("m"))
		if err != nil || !hmac.Equal(got.Tag, m.Sum(nil)) {
			t.Errorf("%d bytes: tag %x, %v, want %x", n, got.Tag, err, m.Sum(nil))
		}
	}
}

// Material given again to a disabled key does not enable it.
func TestImportAgainKeepsTheState(t *testing.T) {
	tgt := inproc.New(inproc.Options{})
	key := create(t, tgt, target.OriginExternal)
	secret := bytes.Repeat([]byte{1}, 32)
	for range 2 {
		if err := tgt.ImportKey(t.Context(), key.KeyID, secret); err != nil {
			t.Fatal(err)
		}
		if err := tgt.DisableKey(t.Context(), key.KeyID); err != nil {
			t.Fatal(err)
		}
	}
	if err := tgt.ImportKey(t.Context(), key.KeyID, secret); err != nil {
		t.Fatal(err)
	}
	if m, err := tgt.DescribeKey(t.Context(), key.KeyID); err != nil || m.State != target.StateDisabled {
		t.Errorf("%+v, %v, want Disabled", m, err)
	}
}

func TestRefusals(t *testing.T) {
	tgt := inproc.New(inproc.Options{})
	key := create(t, tgt, "")
	ctx := t.Context()
	tests := []struct {
		name string
		err  error
		want target.Kind
	}{
		{"alias for a management operation (ID-09)", func() error {
			if err := tgt.CreateAlias(ctx, "alias/x", key.KeyID); err != nil {
				return err
			}
			return tgt.DisableKey(ctx, "alias/x")
		}(), target.NotFound},
		{"ARN of another Region", tgt.EnableKey(ctx, strings.Replace(key.ARN, "us-east-1", "eu-west-1", 1)), target.NotFound},
		{"ARN of another account", tgt.EnableKey(ctx, strings.Replace(key.ARN, "000000000000", "111111111111", 1)), target.NotFound},
		{"key/ before the id", tgt.EnableKey(ctx, "key/"+key.KeyID), target.NotFound},
		{"ARN without key/", tgt.EnableKey(ctx, strings.Replace(key.ARN, "key/", "", 1)), target.NotFound},
		{"alias without prefix", tgt.CreateAlias(ctx, "x", key.KeyID), target.Validation},
		{"alias without name", tgt.CreateAlias(ctx, "alias/", key.KeyID), target.Validation},
		{"alias of AWS", tgt.CreateAlias(ctx, "alias/aws/x", key.KeyID), target.Validation},
		{"alias with a space", tgt.CreateAlias(ctx, "alias/a b", key.KeyID), target.Validation},
		{"alias too long", tgt.CreateAlias(ctx, "alias/"+strings.Repeat("a", 251), key.KeyID), target.Validation},
		{"alias of no key", tgt.CreateAlias(ctx, "alias/y", "nope"), target.NotFound},
		{"tag without key", tgt.TagResource(ctx, key.KeyID, []target.ResourceTag{{Value: "v"}}), target.Validation},
		{"limit below", second(tgt.ListKeys(ctx, "", -1)), target.Validation},
		{"limit above", second(tgt.ListKeys(ctx, "", 1001)), target.Validation},
		{"marker of nobody", second(tgt.ListKeys(ctx, "nope", 1)), target.Validation},
		{"aliases of no key", second(tgt.ListAliases(ctx, "nope")), target.NotFound},
		{"other origin", second(tgt.CreateKey(ctx, target.CreateKeyRequest{KeySpec: "HMAC_256", Origin: "AWS_CLOUDHSM"})), target.Validation},
		{"multi-Region", second(tgt.CreateKey(ctx, target.CreateKeyRequest{KeySpec: "HMAC_256", MultiRegion: true})), target.Unsupported},
		{"eleven grant tokens", second(tgt.GenerateMac(ctx, target.GenerateMacRequest{
			KeyID: key.KeyID, Algorithm: engine.HMACSHA256, Message: []byte("m"), GrantTokens: make([]string, 11),
		})), target.Validation},
	}
	for _, tt := range tests {
		if target.KindOf(tt.err) != tt.want {
			t.Errorf("%s: %v, want kind %q", tt.name, tt.err, tt.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Slices of the caller and of the table are different ones.
func TestTagsAreCopies(t *testing.T) {
	tgt := inproc.New(inproc.Options{})
	tags := []target.ResourceTag{{Key: "a", Value: "b"}}
	key, err := tgt.CreateKey(t.Context(), target.CreateKeyRequest{KeySpec: "HMAC_256", Tags: tags})
	if err != nil {
		t.Fatal(err)
	}
	tags[0].Value = "changed"
	for range 2 {
		got, err := tgt.ListResourceTags(t.Context(), key.KeyID)
		if err != nil || !slices.Equal(got, []target.ResourceTag{{Key: "a", Value: "b"}}) {
			t.Errorf("tags = %v, %v", got, err)
		}
		got[0].Value = "changed"
	}
}

// Close may meet requests in flight: they end well or find no key.
func TestCloseUnderLoad(t *testing.T) {
	tgt := inproc.New(inproc.Options{})
	key := create(t, tgt, "")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if _, err := generate(t, tgt, key.KeyID); err != nil && target.KindOf(err) != target.NotFound {
					t.Errorf("GenerateMac: %v", err)
				}
			}
		})
	}
	if err := tgt.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if _, err := generate(t, tgt, key.KeyID); target.KindOf(err) != target.NotFound {
		t.Errorf("after Close: %v, want kind not_found", err)
	}
}

func ExampleNew() {
	engineTarget := inproc.New(inproc.Options{})
	defer func() { _ = engineTarget.Close() }()
	ctx := context.Background()

	key, err := engineTarget.CreateKey(ctx, target.CreateKeyRequest{KeySpec: "HMAC_256", Origin: target.OriginExternal})
	if err != nil {
		fmt.Println(err)
		return
	}
	// RFC 4231, test case 2, its key filled with zero bytes to the key spec's length.
	if err := engineTarget.ImportKey(ctx, key.KeyID, append([]byte("Jefe"), make([]byte, 28)...)); err != nil {
		fmt.Println(err)
		return
	}
	reply, err := engineTarget.GenerateMac(ctx, target.GenerateMacRequest{
		KeyID: key.KeyID, Algorithm: engine.HMACSHA256, Message: []byte("what do ya want for nothing?"),
	})
	fmt.Printf("%x %v\n", reply.Tag, err)
	// Output:
	// 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843 <nil>
}
