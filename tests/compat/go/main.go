// Scenarios with franz-go and sarama. Arguments: CLIENT SCENARIO BOOTSTRAP TOPIC. Ends with 0 where
// the scenario went as it must, and says what was wrong otherwise.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

const (
	limit      = 20 * time.Second
	partitions = 4
	baseMillis = int64(1_700_000_000_000)
)

type run struct {
	client, bootstrap, topic, group string
}

type header struct {
	key   string
	value []byte
}

// row is a record as it is sent, and as it must come back.
type row struct {
	key, value []byte
	headers    []header
	millis     int64
}

func everyByte() []byte {
	all := make([]byte, 256)
	for at := range all {
		all[at] = byte(at)
	}
	return all
}

func rows() []row {
	return []row{
		{[]byte("key"), []byte("value"), []header{{"h", []byte("1")}, {"h", []byte{0, 255}}}, baseMillis},
		{nil, []byte("no key"), nil, baseMillis + 1},
		{[]byte("no value"), nil, []header{{"none", nil}, {"empty", []byte{}}}, 1},
		{[]byte{}, []byte{}, nil, baseMillis - 1},
		{everyByte(), bytes.Repeat(everyByte(), 1000), []header{{"é", []byte("ü")}}, baseMillis + 2},
	}
}

func check(holds bool, what string, values ...any) {
	if !holds {
		panic(fmt.Sprintf(what, values...))
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func got[T any](value T, err error) T {
	must(err)
	return value
}

// same compares bytes, and tells those that are null from those that are empty.
func same(one, other []byte) bool {
	return bytes.Equal(one, other) && (one == nil) == (other == nil)
}

func (r row) equals(other row) bool {
	if !same(r.key, other.key) || !same(r.value, other.value) || r.millis != other.millis ||
		len(r.headers) != len(other.headers) {
		return false
	}
	for at := range r.headers {
		// Null and empty values of headers are one to these clients.
		if r.headers[at].key != other.headers[at].key ||
			!bytes.Equal(r.headers[at].value, other.headers[at].value) {
			return false
		}
	}
	return true
}

func until(what string, reached func() bool) {
	for end := time.Now().Add(limit); !reached(); time.Sleep(10 * time.Millisecond) {
		check(time.Now().Before(end), "%s: it takes too long", what)
	}
}

// member is what one member of a group has been given, and what it read.
type member struct {
	mutex sync.Mutex
	owned map[int32]bool
	found []string
}

func (m *member) give(partitions []int32) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.owned == nil {
		m.owned = map[int32]bool{}
	}
	for _, one := range partitions {
		m.owned[one] = true
	}
}

func (m *member) take(partitions []int32) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, one := range partitions {
		delete(m.owned, one)
	}
}

func (m *member) read(place string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.found = append(m.found, place)
}

func (m *member) size() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return len(m.owned)
}

func (m *member) places() []string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return append([]string(nil), m.found...)
}

func place(partition int32, offset int64) string { return fmt.Sprintf("%d@%d", partition, offset) }

// each wants every record once.
func each(count int, members ...*member) {
	seen, total := map[string]bool{}, 0
	for _, one := range members {
		for _, where := range one.places() {
			seen[where] = true
			total++
		}
	}
	check(len(seen) == count && total == count, "%d records, %d places, wanted %d", total,
		len(seen), count)
}

// another is this program as a member of the group that can be killed.
func (r *run) another(scenario string) *exec.Cmd {
	command := exec.Command(os.Args[0], r.client, scenario, r.bootstrap, r.topic)
	must(command.Start())
	return command
}

func main() {
	clients := map[string]map[string]func(*run){"franz": franzScenarios, "sarama": saramaScenarios}
	r := &run{os.Args[1], os.Args[3], os.Args[4], "group." + os.Args[4]}
	defer func() {
		if problem := recover(); problem != nil {
			fmt.Fprintln(os.Stderr, problem)
			os.Exit(1)
		}
	}()
	clients[r.client][os.Args[2]](r)
}
