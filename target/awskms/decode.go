package awskms

import (
	"fmt"
	"math"
	"reflect"
	"time"
)

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()
)

// decode sets the fields of in, an input struct of the SDK, from members by
// name. A name that the struct does not have and a value that does not fit its
// type are errors; a nil value leaves the member out.
func decode(members map[string]any, in any) error {
	return decodeStruct(members, reflect.ValueOf(in).Elem())
}

func decodeStruct(members map[string]any, dst reflect.Value) error {
	for name, value := range members {
		field, ok := dst.Type().FieldByName(name)
		if !ok || !field.IsExported() || name == "ResultMetadata" {
			return fmt.Errorf("%s has no member %q", dst.Type().Name(), name)
		}
		if value == nil {
			continue
		}
		if err := decodeValue(value, dst.FieldByIndex(field.Index)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func decodeValue(value any, dst reflect.Value) error {
	if dst.Kind() == reflect.Pointer {
		p := reflect.New(dst.Type().Elem())
		if err := decodeValue(value, p.Elem()); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}
	switch {
	case dst.Type() == timeType, dst.Type() == bytesType:
		return assign(value, dst)
	case dst.Kind() == reflect.String, dst.Kind() == reflect.Bool:
		return decodeScalar(value, dst)
	case dst.Kind() == reflect.Int32, dst.Kind() == reflect.Int64:
		return decodeInt(value, dst)
	case dst.Kind() == reflect.Struct:
		members, ok := value.(map[string]any)
		if !ok {
			return misfit(value, dst)
		}
		return decodeStruct(members, dst)
	case dst.Kind() == reflect.Slice:
		return decodeSlice(value, dst)
	case dst.Kind() == reflect.Map:
		return decodeMap(value, dst)
	}
	return misfit(value, dst)
}

func assign(value any, dst reflect.Value) error {
	v := reflect.ValueOf(value)
	if v.Type() != dst.Type() {
		return misfit(value, dst)
	}
	dst.Set(v)
	return nil
}

// decodeScalar takes strings for the SDK's named string types too.
func decodeScalar(value any, dst reflect.Value) error {
	v := reflect.ValueOf(value)
	if v.Kind() != dst.Kind() {
		return misfit(value, dst)
	}
	dst.Set(v.Convert(dst.Type()))
	return nil
}

func decodeInt(value any, dst reflect.Value) error {
	v := reflect.ValueOf(value)
	var n int64
	switch {
	case v.CanInt():
		n = v.Int()
	case v.Kind() == reflect.Float64 && v.Float() == math.Trunc(v.Float()) && math.Abs(v.Float()) < 1<<53:
		n = int64(v.Float()) // what encoding/json makes of a number
	default:
		return misfit(value, dst)
	}
	if dst.OverflowInt(n) {
		return misfit(value, dst)
	}
	dst.SetInt(n)
	return nil
}

func decodeSlice(value any, dst reflect.Value) error {
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Slice || v.Type() == bytesType {
		return misfit(value, dst)
	}
	out := reflect.MakeSlice(dst.Type(), v.Len(), v.Len())
	for i := range v.Len() {
		if err := decodeElement(v.Index(i), out.Index(i)); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	dst.Set(out)
	return nil
}

func decodeMap(value any, dst reflect.Value) error {
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Map || v.Type().Key().Kind() != reflect.String {
		return misfit(value, dst)
	}
	out := reflect.MakeMapWithSize(dst.Type(), v.Len())
	for iter := v.MapRange(); iter.Next(); {
		elem := reflect.New(dst.Type().Elem()).Elem()
		if err := decodeElement(iter.Value(), elem); err != nil {
			return fmt.Errorf("entry %q: %w", iter.Key(), err)
		}
		out.SetMapIndex(iter.Key().Convert(dst.Type().Key()), elem)
	}
	dst.Set(out)
	return nil
}

func decodeElement(v, dst reflect.Value) error {
	if v.Kind() == reflect.Interface && v.IsNil() {
		return fmt.Errorf("null does not fit %s", dst.Type())
	}
	return decodeValue(v.Interface(), dst)
}

func misfit(value any, dst reflect.Value) error {
	return fmt.Errorf("a value of type %T does not fit %s", value, dst.Type())
}
