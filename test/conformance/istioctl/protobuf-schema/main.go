// Prints the protobuf messages that istioctl has compiled in, as far as a proxy's configuration can hold them, in the notation that
// src/render/protobuf/schema.ts reads. It imports istioctl's commands, so that the registry is istioctl's own.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sort"
	"strings"

	_ "istio.io/istio/istioctl/cmd"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Messages of services that istiod answers with to proxy-status.
var services = map[string]bool{
	"envoy.service.discovery.v3.DiscoveryResponse": true,
	"envoy.service.status.v3.ClientConfig": true,
	"envoy.service.status.v3.ClientConfig.GenericXdsConfig": true,
	"envoy.service.status.v3.ConfigStatus": true,
}

// Packages whose messages stand in a config_dump.
var packages = []string{"envoy.", "xds.", "udpa.", "istio.", "stats.", "io.istio.", "google.protobuf.", "google.rpc.", "google.api.", "google.type.", "opencensus.", "opentelemetry."}

func wanted(name protoreflect.FullName) bool {
	if services[string(name)] {
		return true
	}
	for _, prefix := range packages {
		if strings.HasPrefix(string(name), prefix) {
			return !strings.HasPrefix(string(name), "envoy.service.") && !strings.Contains(string(name), ".v2alpha") && !strings.Contains(string(name), ".v2.")
		}
	}
	return false
}

func kind(field protoreflect.FieldDescriptor) string {
	switch field.Kind() {
	case protoreflect.BoolKind:
		return "b"
	case protoreflect.StringKind:
		return "s"
	case protoreflect.BytesKind:
		return "y"
	case protoreflect.FloatKind:
		return "f"
	case protoreflect.DoubleKind:
		return "d"
	case protoreflect.Int64Kind, protoreflect.Uint64Kind, protoreflect.Sint64Kind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return "l"
	case protoreflect.EnumKind:
		return "e" + string(field.Enum().FullName())
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return "m" + string(field.Message().FullName())
	default:
		return "i"
	}
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	messages := map[string]protoreflect.MessageDescriptor{}
	enums := map[string]protoreflect.EnumDescriptor{}
	var visit func(message protoreflect.MessageDescriptor)
	visit = func(message protoreflect.MessageDescriptor) {
		name := string(message.FullName())
		if _, known := messages[name]; known {
			return
		}
		messages[name] = message
		for i := 0; i < message.Fields().Len(); i++ {
			field := message.Fields().Get(i)
			if field.IsMap() {
				field = field.MapValue()
			}
			if field.Message() != nil {
				visit(field.Message())
			}
			if field.Enum() != nil {
				enums[string(field.Enum().FullName())] = field.Enum()
			}
		}
	}
	protoregistry.GlobalTypes.RangeMessages(func(message protoreflect.MessageType) bool {
		if wanted(message.Descriptor().FullName()) && !message.Descriptor().IsMapEntry() {
			visit(message.Descriptor())
		}
		return true
	})
	for _, name := range sorted(enums) {
		values := []string{}
		for i := 0; i < enums[name].Values().Len(); i++ {
			value := enums[name].Values().Get(i)
			if int(value.Number()) == i {
				values = append(values, string(value.Name()))
			} else {
				values = append(values, fmt.Sprintf("%s=%d", value.Name(), value.Number()))
			}
		}
		fmt.Fprintf(out, "enum %s %s\n", name, strings.Join(values, " "))
	}
	for _, name := range sorted(messages) {
		fields := []string{}
		for i := 0; i < messages[name].Fields().Len(); i++ {
			field := messages[name].Fields().Get(i)
			text := string(field.Name())
			if field.JSONName() != camel(text) {
				text += "/" + field.JSONName()
			}
			switch {
			case field.IsMap():
				text += ":%" + kind(field.MapKey()) + kind(field.MapValue())
			case field.IsList():
				text += ":*" + kind(field)
			case field.HasPresence() && field.Message() == nil:
				text += ":?" + kind(field)
			default:
				text += ":" + kind(field)
			}
			fields = append(fields, text)
		}
		fmt.Fprintln(out, strings.TrimSpace("message "+name+" "+strings.Join(fields, " ")))
	}
}

func camel(name string) string {
	out := strings.Builder{}
	up := false
	for _, c := range name {
		if c == '_' {
			up = true
			continue
		}
		if up && c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		up = false
		out.WriteRune(c)
	}
	return out.String()
}

func sorted[V any](values map[string]V) []string {
	names := []string{}
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
