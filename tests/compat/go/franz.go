package main

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

var franzScenarios = map[string]func(*run){
	"codecs":           franzCodecs,
	"acknowledgements": franzAcknowledgements,
	"idempotence":      franzIdempotence,
	"offsets":          franzOffsets,
	"range":            func(r *run) { franzMembers(r, kgo.RangeBalancer()) },
	"roundrobin":       func(r *run) { franzMembers(r, kgo.RoundRobinBalancer()) },
	"sticky":           func(r *run) { franzMembers(r, kgo.StickyBalancer()) },
	"cooperative":      func(r *run) { franzMembers(r, kgo.CooperativeStickyBalancer()) },
	"stay":             franzStay,
	"transactions":     franzTransactions,
	"administration":   franzAdministration,
	"errors":           franzErrors,
}

func soon() context.Context {
	until, cancel := context.WithTimeout(context.Background(), limit)
	_ = cancel
	return until
}

func (r *run) franz(options ...kgo.Opt) *kgo.Client {
	return got(kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(r.bootstrap), kgo.FetchMaxWait(50 * time.Millisecond),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DefaultProduceTopic(r.topic)},
		options...)...))
}

func (r *run) franzTopic(client *kgo.Client, count int32) *kadm.Client {
	admin := kadm.NewClient(client)
	made := got(admin.CreateTopic(soon(), count, 1, nil, r.topic))
	must(made.Err)
	return admin
}

func (r *run) franzReader(options ...kgo.Opt) *kgo.Client {
	return r.franzReaderAt(kgo.NewOffset().At(0), options...)
}

func (r *run) franzReaderAt(offset kgo.Offset, options ...kgo.Opt) *kgo.Client {
	return r.franz(append(options, kgo.ConsumePartitions(
		map[string]map[int32]kgo.Offset{r.topic: {0: offset}}))...)
}

func franzTake(client *kgo.Client, count int) []*kgo.Record {
	var found []*kgo.Record
	for ctx := soon(); len(found) < count; {
		fetched := client.PollRecords(ctx, count-len(found))
		must(fetched.Err0())
		found = append(found, fetched.Records()...)
	}
	return found
}

func texts(found []*kgo.Record) string {
	text := ""
	for _, one := range found {
		text += string(one.Value) + " "
	}
	return text
}

func franzSend(client *kgo.Client, values ...string) {
	for _, value := range values {
		must(client.ProduceSync(soon(), kgo.StringRecord(value)).FirstErr())
	}
}

func franzCodecs(r *run) {
	client := r.franz()
	r.franzTopic(client, 1)
	codecs := []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(),
		kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()}
	for _, codec := range codecs {
		sender := r.franz(kgo.ProducerBatchCompression(codec))
		var records []*kgo.Record
		for _, one := range rows() {
			record := &kgo.Record{Key: one.key, Value: one.value,
				Timestamp: time.UnixMilli(one.millis)}
			for _, each := range one.headers {
				record.Headers = append(record.Headers, kgo.RecordHeader{Key: each.key, Value: each.value})
			}
			records = append(records, record)
		}
		must(sender.ProduceSync(soon(), records...).FirstErr())
		sender.Close()
	}
	wanted := rows()
	for at, record := range franzTake(r.franzReader(), len(codecs)*len(wanted)) {
		found := row{record.Key, record.Value, nil, record.Timestamp.UnixMilli()}
		for _, each := range record.Headers {
			found.headers = append(found.headers, header{each.Key, each.Value})
		}
		check(record.Offset == int64(at), "offset %d at %d", record.Offset, at)
		check(found.equals(wanted[at%len(wanted)]), "row %d came back otherwise", at)
	}
}

func franzAcknowledgements(r *run) {
	r.franzTopic(r.franz(), 1)
	for at, acks := range []kgo.Acks{kgo.NoAck(), kgo.LeaderAck(), kgo.AllISRAcks()} {
		sender := r.franz(kgo.RequiredAcks(acks), kgo.DisableIdempotentWrite())
		franzSend(sender, "a", "b")
		franzTake(r.franzReader(), 2*at+2) // nobody says when they are there
		sender.Close()
	}
	found := texts(franzTake(r.franzReader(), 6))
	check(found == "a b a b a b ", "found %s", found)
}

func franzIdempotence(r *run) {
	client := r.franz()
	r.franzTopic(client, 1)
	const count = 3000
	for at := 0; at < count; at++ {
		client.Produce(soon(), &kgo.Record{Value: []byte{byte(at), byte(at >> 8)}},
			func(_ *kgo.Record, err error) { must(err) })
	}
	must(client.Flush(soon()))
	for at, record := range franzTake(r.franzReader(), count) {
		check(int(record.Value[0])+int(record.Value[1])<<8 == at, "record %d is another", at)
	}
}

func franzOffsets(r *run) {
	client := r.franz()
	admin := r.franzTopic(client, 1)
	for at := int64(0); at < 10; at++ {
		must(client.ProduceSync(soon(), &kgo.Record{Value: []byte{byte('0' + at)},
			Timestamp: time.UnixMilli(baseMillis + at)}).FirstErr())
	}
	offset := func(listed kadm.ListedOffsets, err error) int64 {
		must(err)
		must(listed.Error())
		return listed[r.topic][0].Offset
	}
	check(offset(admin.ListStartOffsets(soon(), r.topic)) == 0, "start")
	check(offset(admin.ListEndOffsets(soon(), r.topic)) == 10, "end")
	check(offset(admin.ListOffsetsAfterMilli(soon(), baseMillis+4, r.topic)) == 4, "by time")
	check(texts(franzTake(r.franzReaderAt(kgo.NewOffset().At(8)), 2)) == "8 9 ", "at 8")
	check(texts(franzTake(r.franzReaderAt(kgo.NewOffset().AfterMilli(baseMillis+7)), 3)) == "7 8 9 ",
		"after a time")
	check(texts(franzTake(r.franzReaderAt(kgo.NewOffset().AtEnd().Relative(-2)), 2)) == "8 9 ",
		"before the end")
}

func (r *run) franzMember(known *member, balancer kgo.GroupBalancer) *kgo.Client {
	client := r.franz(kgo.ConsumerGroup(r.group), kgo.ConsumeTopics(r.topic), kgo.Balancers(balancer),
		kgo.SessionTimeout(3*time.Second), kgo.HeartbeatInterval(200*time.Millisecond),
		kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, given map[string][]int32) {
			known.give(given[r.topic])
		}),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, taken map[string][]int32) {
			known.take(taken[r.topic])
		}),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, taken map[string][]int32) {
			known.take(taken[r.topic])
		}))
	go func() {
		for {
			fetched := client.PollFetches(context.Background())
			if fetched.IsClientClosed() {
				return
			}
			fetched.EachRecord(func(record *kgo.Record) {
				known.read(place(record.Partition, record.Offset))
			})
		}
	}()
	return client
}

func franzMembers(r *run, balancer kgo.GroupBalancer) {
	sender := r.franz()
	admin := r.franzTopic(sender, partitions)
	var one, two member
	first := r.franzMember(&one, balancer)
	until("the first joins", func() bool { return one.size() == partitions })
	second := r.franzMember(&two, balancer)
	until("the second joins", func() bool { return one.size() == 2 && two.size() == 2 })
	for at := 0; at < 40; at++ {
		must(sender.ProduceSync(soon(), &kgo.Record{Partition: int32(at % partitions),
			Value: []byte("x")}).FirstErr())
	}
	until("all is read", func() bool { return len(one.places())+len(two.places()) >= 40 })
	each(40, &one, &two)
	must(first.CommitUncommittedOffsets(soon()))
	must(second.CommitUncommittedOffsets(soon()))
	second.Close()
	until("the second leaves", func() bool { return one.size() == partitions })
	other := r.another("stay")
	until("another joins", func() bool { return one.size() < partitions })
	must(other.Process.Kill())
	_ = other.Wait()
	until("the other dies", func() bool { return one.size() == partitions })
	described := got(admin.DescribeGroups(soon(), r.group))[r.group]
	check(described.State == "Stable" && len(described.Members) == 1, "state %s, %d members",
		described.State, len(described.Members))
	lag := got(admin.Lag(soon(), r.group))[r.group]
	check(lag.Lag.Total() == 0, "lag %d", lag.Lag.Total())
	first.Close()
	must(got(admin.DeleteGroups(soon(), r.group))[r.group].Err)
}

// A member that speaks every balancer, and stays until it is killed.
func franzStay(r *run) {
	client := r.franz(kgo.ConsumerGroup(r.group), kgo.ConsumeTopics(r.topic),
		kgo.SessionTimeout(3*time.Second), kgo.HeartbeatInterval(200*time.Millisecond),
		kgo.Balancers(kgo.CooperativeStickyBalancer(), kgo.StickyBalancer(), kgo.RangeBalancer(),
			kgo.RoundRobinBalancer()))
	for {
		client.PollFetches(context.Background())
	}
}

func franzTransactions(r *run) {
	source := r.franz()
	admin := r.franzTopic(source, 1)
	target := r.topic + "-out"
	must(got(admin.CreateTopic(soon(), 1, 1, nil, target)).Err)
	franzSend(source, "1", "2", "3")
	session := got(kgo.NewGroupTransactSession(kgo.SeedBrokers(r.bootstrap),
		kgo.TransactionalID(r.topic), kgo.ConsumerGroup(r.group), kgo.ConsumeTopics(r.topic),
		kgo.DefaultProduceTopic(target), kgo.FetchMaxWait(50*time.Millisecond),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RequireStableFetchOffsets(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())))
	for _, commit := range []bool{false, true} {
		found := 0
		must(session.Begin())
		for found < 3 {
			fetched := session.PollFetches(soon())
			must(fetched.Err0())
			fetched.EachRecord(func(record *kgo.Record) {
				found++
				session.Produce(soon(), kgo.StringRecord("out "+string(record.Value)), nil)
			})
		}
		committed := got(session.End(soon(), kgo.TransactionEndTry(commit)))
		check(committed == commit, "committed: %v", committed)
	}
	session.Close()
	reader := got(kgo.NewClient(kgo.SeedBrokers(r.bootstrap),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{target: {0: kgo.NewOffset().At(0)}})))
	found := texts(franzTake(reader, 3))
	check(found == "out 1 out 2 out 3 ", "found %s", found)
	offsets := got(admin.FetchOffsets(soon(), r.group))
	check(offsets[r.topic][0].At == 3, "committed %d", offsets[r.topic][0].At)
	listed := got(admin.ListTransactions(soon(), nil, nil))
	check(listed[r.topic].State == "CompleteCommit" || listed[r.topic].State == "PrepareCommit",
		"state %s", listed[r.topic].State)
}

func franzAdministration(r *run) {
	client := r.franz()
	admin := r.franzTopic(client, 2)
	again := got(admin.CreateTopics(soon(), 1, 1, nil, r.topic))[r.topic]
	check(errors.Is(again.Err, kerr.TopicAlreadyExists), "made again: %v", again.Err)
	must(got(admin.CreatePartitions(soon(), 1, r.topic))[r.topic].Err)
	check(len(got(admin.ListTopics(soon(), r.topic))[r.topic].Partitions) == 3, "partitions")
	value := "123456"
	must(got(admin.AlterTopicConfigs(soon(),
		[]kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &value}}, r.topic))[0].Err)
	found := ""
	for _, each := range got(admin.DescribeTopicConfigs(soon(), r.topic))[0].Configs {
		if each.Key == "retention.ms" {
			found = each.MaybeValue()
		}
	}
	check(found == value, "retention.ms %s", found)
	franzSend(client, "0", "1", "2")
	deleted := got(admin.DeleteRecords(soon(), kadm.OffsetsFromRecords(kgo.Record{Topic: r.topic,
		Offset: 1})))
	must(deleted.Error())
	check(got(admin.ListStartOffsets(soon(), r.topic))[r.topic][0].Offset == 2, "log start")
	check(len(got(admin.ListBrokers(soon()))) == 1, "brokers")
	must(got(admin.DeleteTopics(soon(), r.topic))[r.topic].Err)
	until("it is gone", func() bool { return !got(admin.ListTopics(soon())).Has(r.topic) })
}

func franzErrors(r *run) {
	client := r.franz(kgo.ProducerBatchMaxBytes(8<<20),
		kgo.ProducerBatchCompression(kgo.NoCompression()))
	unknown := client.ProduceSync(soon(), kgo.StringRecord("x")).FirstErr()
	check(errors.Is(unknown, kerr.UnknownTopicOrPartition), "unknown topic: %v", unknown)
	r.franzTopic(client, 1)
	large := client.ProduceSync(soon(), &kgo.Record{Value: make([]byte, 1_100_000)}).FirstErr()
	check(errors.Is(large, kerr.MessageTooLarge), "too large: %v", large)
	franzSend(client, "after")
	check(texts(franzTake(r.franzReader(), 1)) == "after ", "after")
}
