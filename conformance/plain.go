package conformance

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// Mac asks for a tag, through any target.
func (p *Probe) Mac(k Key, msg []byte) *Answer {
	params := k.MAC(msg)
	if p.road.caller != nil {
		return p.Call("GenerateMac", params)
	}
	return p.send("GenerateMac", params, func(ctx context.Context) (target.Exchange, error) {
		alg, _ := engine.ParseAlgorithm(k.Algorithm)
		reply, err := p.road.t.GenerateMac(ctx, target.GenerateMacRequest{KeyID: k.ID, Algorithm: alg, Message: msg})
		return plainExchange(err, Params{"KeyId": reply.KeyID, "Mac": reply.Tag, "MacAlgorithm": reply.Algorithm.String()})
	})
}

// VerifyMac asks whether the tag fits, through any target.
func (p *Probe) VerifyMac(k Key, msg, tag []byte) *Answer {
	params := k.Verify(msg, tag)
	if p.road.caller != nil {
		return p.Call("VerifyMac", params)
	}
	return p.send("VerifyMac", params, func(ctx context.Context) (target.Exchange, error) {
		alg, _ := engine.ParseAlgorithm(k.Algorithm)
		reply, err := p.road.t.VerifyMac(ctx, target.VerifyMacRequest{KeyID: k.ID, Algorithm: alg, Message: msg, Tag: tag})
		return plainExchange(err, Params{"KeyId": reply.KeyID, "MacValid": reply.Valid, "MacAlgorithm": reply.Algorithm.String()})
	})
}

// plainExchange writes down what a target without a wire replied, in the form
// that KMS would have given it, so that one set of expectations serves both.
func plainExchange(err error, reply Params) (target.Exchange, error) {
	if err == nil {
		body, err := json.Marshal(reply)
		return target.Exchange{Status: 200, ResponseBody: body}, err
	}
	var e *target.Error
	if !errors.As(err, &e) || !e.Kind.Answered() {
		return target.Exchange{}, err
	}
	answer := Params{"__type": e.Code}
	switch {
	case e.Code == "" && e.Kind == target.InvalidMac:
		answer["__type"] = "KMSInvalidMacException"
	case e.Code == "":
		answer["__type"] = string(e.Kind)
	}
	if e.HasMessage {
		answer["message"] = e.Message
	}
	status := e.Status
	if status == 0 {
		status = 400
	}
	body, err := json.Marshal(answer)
	return target.Exchange{Status: status, ResponseBody: body}, err
}
