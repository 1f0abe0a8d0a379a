package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

var saramaScenarios = map[string]func(*run){
	"codecs":           saramaCodecs,
	"acknowledgements": saramaAcknowledgements,
	"idempotence":      saramaIdempotence,
	"offsets":          saramaOffsets,
	"range":            func(r *run) { saramaMembers(r, sarama.NewBalanceStrategyRange()) },
	"roundrobin":       func(r *run) { saramaMembers(r, sarama.NewBalanceStrategyRoundRobin()) },
	"sticky":           func(r *run) { saramaMembers(r, sarama.NewBalanceStrategySticky()) },
	"stay":             saramaStay,
	"transactions":     saramaTransactions,
	"administration":   saramaAdministration,
	"errors":           saramaErrors,
}

func saramaConfig() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.V3_6_0_0
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Consumer.MaxWaitTime = 50 * time.Millisecond
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Metadata.AllowAutoTopicCreation = false
	return config
}

func (r *run) sarama(config *sarama.Config) sarama.Client {
	return got(sarama.NewClient([]string{r.bootstrap}, config))
}

func (r *run) saramaSender(config *sarama.Config) sarama.SyncProducer {
	return got(sarama.NewSyncProducer([]string{r.bootstrap}, config))
}

func (r *run) saramaTopic(topic string, count int32) sarama.ClusterAdmin {
	admin := got(sarama.NewClusterAdmin([]string{r.bootstrap}, saramaConfig()))
	must(admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: count, ReplicationFactor: 1},
		false))
	return admin
}

func (r *run) saramaSend(sender sarama.SyncProducer, values ...string) {
	for _, value := range values {
		_, _, err := sender.SendMessage(&sarama.ProducerMessage{Topic: r.topic,
			Value: sarama.StringEncoder(value)})
		must(err)
	}
}

func (r *run) saramaTake(topic string, offset int64, count int,
	config *sarama.Config) []*sarama.ConsumerMessage {
	consumer := got(sarama.NewConsumer([]string{r.bootstrap}, config))
	reader := got(consumer.ConsumePartition(topic, 0, offset))
	var found []*sarama.ConsumerMessage
	for end := time.After(limit); len(found) < count; {
		select {
		case message := <-reader.Messages():
			found = append(found, message)
		case <-end:
			check(false, "%d of %d records", len(found), count)
		}
	}
	must(consumer.Close())
	return found
}

func (r *run) saramaTexts(topic string, offset int64, count int, config *sarama.Config) string {
	text := ""
	for _, one := range r.saramaTake(topic, offset, count, config) {
		text += string(one.Value) + " "
	}
	return text
}

// encoded keeps what is null null.
func encoded(value []byte) sarama.Encoder {
	if value == nil {
		return nil
	}
	return sarama.ByteEncoder(value)
}

func saramaCodecs(r *run) {
	r.saramaTopic(r.topic, 1)
	codecs := []sarama.CompressionCodec{sarama.CompressionNone, sarama.CompressionGZIP,
		sarama.CompressionSnappy, sarama.CompressionLZ4, sarama.CompressionZSTD}
	for _, codec := range codecs {
		config := saramaConfig()
		config.Producer.Compression = codec
		sender := r.saramaSender(config)
		var messages []*sarama.ProducerMessage
		for _, one := range rows() {
			message := &sarama.ProducerMessage{Topic: r.topic, Key: encoded(one.key),
				Value: encoded(one.value), Timestamp: time.UnixMilli(one.millis)}
			for _, each := range one.headers {
				message.Headers = append(message.Headers,
					sarama.RecordHeader{Key: []byte(each.key), Value: each.value})
			}
			messages = append(messages, message)
		}
		must(sender.SendMessages(messages))
		must(sender.Close())
	}
	wanted := rows()
	for at, message := range r.saramaTake(r.topic, 0, len(codecs)*len(wanted), saramaConfig()) {
		found := row{message.Key, message.Value, nil, message.Timestamp.UnixMilli()}
		for _, each := range message.Headers {
			found.headers = append(found.headers, header{string(each.Key), each.Value})
		}
		check(message.Offset == int64(at), "offset %d at %d", message.Offset, at)
		check(found.equals(wanted[at%len(wanted)]), "row %d came back otherwise", at)
	}
}

func saramaAcknowledgements(r *run) {
	r.saramaTopic(r.topic, 1)
	for at, acks := range []sarama.RequiredAcks{sarama.NoResponse, sarama.WaitForLocal,
		sarama.WaitForAll} {
		config := saramaConfig()
		config.Producer.RequiredAcks = acks
		sender := r.saramaSender(config)
		r.saramaSend(sender, "a", "b")
		must(sender.Close())
		r.saramaTake(r.topic, 0, 2*at+2, saramaConfig()) // nobody says when they are there
	}
	found := r.saramaTexts(r.topic, 0, 6, saramaConfig())
	check(found == "a b a b a b ", "found %s", found)
}

func saramaIdempotence(r *run) {
	r.saramaTopic(r.topic, 1)
	config := saramaConfig()
	config.Producer.Idempotent = true
	config.Net.MaxOpenRequests = 1
	sender := r.saramaSender(config)
	const count = 2000
	var messages []*sarama.ProducerMessage
	for at := 0; at < count; at++ {
		messages = append(messages, &sarama.ProducerMessage{Topic: r.topic,
			Value: sarama.StringEncoder(fmt.Sprint(at))})
	}
	must(sender.SendMessages(messages))
	for at, message := range r.saramaTake(r.topic, 0, count, saramaConfig()) {
		check(string(message.Value) == fmt.Sprint(at), "record %d is %s", at, message.Value)
	}
}

func saramaOffsets(r *run) {
	r.saramaTopic(r.topic, 1)
	sender := r.saramaSender(saramaConfig())
	for at := int64(0); at < 10; at++ {
		_, offset, err := sender.SendMessage(&sarama.ProducerMessage{Topic: r.topic,
			Value: sarama.StringEncoder(fmt.Sprint(at)), Timestamp: time.UnixMilli(baseMillis + at)})
		must(err)
		check(offset == at, "offset %d at %d", offset, at)
	}
	client := r.sarama(saramaConfig())
	for time, wanted := range map[int64]int64{sarama.OffsetOldest: 0, sarama.OffsetNewest: 10,
		baseMillis + 4: 4} {
		found := got(client.GetOffset(r.topic, 0, time))
		check(found == wanted, "offset %d at time %d", found, time)
	}
	check(r.saramaTexts(r.topic, 8, 2, saramaConfig()) == "8 9 ", "at 8")
	consumer := got(sarama.NewConsumerFromClient(client))
	_, err := consumer.ConsumePartition(r.topic, 0, 99)
	check(errors.Is(err, sarama.ErrOffsetOutOfRange), "out of range: %v", err)
}

// saramaHandler is a member as this client sees it.
type saramaHandler struct {
	known *member
	mark  bool
}

func (h saramaHandler) Setup(session sarama.ConsumerGroupSession) error {
	for _, partitions := range session.Claims() {
		h.known.give(partitions)
	}
	return nil
}

func (h saramaHandler) Cleanup(session sarama.ConsumerGroupSession) error {
	for _, partitions := range session.Claims() {
		h.known.take(partitions)
	}
	return nil
}

func (h saramaHandler) ConsumeClaim(session sarama.ConsumerGroupSession,
	claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		h.known.read(place(message.Partition, message.Offset))
		if h.mark {
			session.MarkMessage(message, "")
		}
	}
	return nil
}

func (r *run) saramaMember(known *member, strategies ...sarama.BalanceStrategy) func() {
	config := saramaConfig()
	config.Consumer.Group.Rebalance.GroupStrategies = strategies
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 200 * time.Millisecond
	config.Consumer.Offsets.AutoCommit.Interval = 50 * time.Millisecond
	group := got(sarama.NewConsumerGroup([]string{r.bootstrap}, r.group, config))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			err := group.Consume(context.Background(), []string{r.topic}, saramaHandler{known, true})
			if errors.Is(err, sarama.ErrClosedConsumerGroup) {
				return
			}
		}
	}()
	return func() {
		must(group.Close())
		<-ended
	}
}

func saramaMembers(r *run, strategy sarama.BalanceStrategy) {
	admin := r.saramaTopic(r.topic, partitions)
	sender := r.saramaSender(saramaConfig())
	var one, two member
	closeFirst := r.saramaMember(&one, strategy)
	until("the first joins", func() bool { return one.size() == partitions })
	closeSecond := r.saramaMember(&two, strategy)
	until("the second joins", func() bool { return one.size() == 2 && two.size() == 2 })
	for at := 0; at < 40; at++ {
		_, _, err := sender.SendMessage(&sarama.ProducerMessage{Topic: r.topic,
			Partition: int32(at % partitions), Value: sarama.StringEncoder("x")})
		must(err)
	}
	until("all is read", func() bool { return len(one.places())+len(two.places()) >= 40 })
	closeSecond()
	until("the second leaves", func() bool { return one.size() == partitions })
	other := r.another("stay")
	until("another joins", func() bool { return one.size() == 2 })
	must(other.Process.Kill())
	_ = other.Wait()
	until("the other dies", func() bool { return one.size() == partitions })
	each(40, &one, &two)
	described := got(admin.DescribeConsumerGroups([]string{r.group}))[0]
	check(described.State == "Stable" && len(described.Members) == 1, "state %s, %d members",
		described.State, len(described.Members))
	closeFirst()
	offsets := got(admin.ListConsumerGroupOffsets(r.group, map[string][]int32{r.topic: {0, 3}}))
	check(offsets.GetBlock(r.topic, 3).Offset == 10, "committed %d",
		offsets.GetBlock(r.topic, 3).Offset)
	must(admin.DeleteConsumerGroup(r.group))
}

// A member that speaks every strategy, and stays until it is killed.
func saramaStay(r *run) {
	r.saramaMember(&member{}, sarama.NewBalanceStrategySticky(), sarama.NewBalanceStrategyRange(),
		sarama.NewBalanceStrategyRoundRobin())
	select {}
}

func saramaTransactions(r *run) {
	admin := r.saramaTopic(r.topic, 1)
	config := saramaConfig()
	config.Producer.Idempotent = true
	config.Producer.Transaction.ID = r.topic
	config.Net.MaxOpenRequests = 1
	sender := r.saramaSender(config)
	for at, commit := range []bool{true, false, true} {
		must(sender.BeginTxn())
		r.saramaSend(sender, fmt.Sprint(at))
		must(sender.AddOffsetsToTxn(map[string][]*sarama.PartitionOffsetMetadata{
			r.topic: {{Partition: 0, Offset: int64(at), LeaderEpoch: -1}}}, r.group))
		if commit {
			must(sender.CommitTxn())
		} else {
			must(sender.AbortTxn())
		}
	}
	committed := saramaConfig()
	committed.Consumer.IsolationLevel = sarama.ReadCommitted
	found := r.saramaTexts(r.topic, 0, 2, committed)
	check(found == "0 2 ", "found %s", found)
	found = r.saramaTexts(r.topic, 0, 3, saramaConfig())
	check(found == "0 1 2 ", "uncommitted: %s", found)
	offsets := got(admin.ListConsumerGroupOffsets(r.group, map[string][]int32{r.topic: {0}}))
	check(offsets.GetBlock(r.topic, 0).Offset == 2, "committed %d",
		offsets.GetBlock(r.topic, 0).Offset)
}

func saramaAdministration(r *run) {
	admin := r.saramaTopic(r.topic, 2)
	err := admin.CreateTopic(r.topic, &sarama.TopicDetail{NumPartitions: 2, ReplicationFactor: 1},
		false)
	check(errors.Is(err, sarama.ErrTopicAlreadyExists), "made again: %v", err)
	must(admin.CreatePartitions(r.topic, 3, nil, false))
	check(len(got(admin.DescribeTopics([]string{r.topic}))[0].Partitions) == 3, "partitions")
	value := "123456"
	must(admin.IncrementalAlterConfig(sarama.TopicResource, r.topic,
		map[string]sarama.IncrementalAlterConfigsEntry{"retention.ms": {
			Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value}}, false))
	entries := got(admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource,
		Name: r.topic, ConfigNames: []string{"retention.ms"}}))
	check(len(entries) == 1 && entries[0].Value == value, "settings %v", entries)
	r.saramaSend(r.saramaSender(saramaConfig()), "0", "1", "2")
	must(admin.DeleteRecords(r.topic, map[int32]int64{0: 2}))
	check(got(r.sarama(saramaConfig()).GetOffset(r.topic, 0, sarama.OffsetOldest)) == 2, "log start")
	brokers, _, err := admin.DescribeCluster()
	check(err == nil && len(brokers) == 1, "brokers")
	must(admin.DeleteTopic(r.topic))
	_, there := got(admin.ListTopics())[r.topic]
	check(!there, "it is still there")
}

func saramaErrors(r *run) {
	config := saramaConfig()
	config.Producer.MaxMessageBytes = 8 << 20
	config.Producer.Retry.Max = 1
	config.Metadata.Retry.Max = 1
	sender := r.saramaSender(config)
	send := func(size int) error {
		_, _, err := sender.SendMessage(&sarama.ProducerMessage{Topic: r.topic,
			Value: sarama.ByteEncoder(make([]byte, size))})
		return err
	}
	err := send(1)
	check(errors.Is(err, sarama.ErrUnknownTopicOrPartition), "unknown topic: %v", err)
	r.saramaTopic(r.topic, 1)
	err = send(1_100_000)
	check(errors.Is(err, sarama.ErrMessageSizeTooLarge), "too large: %v", err)
	must(send(10))
}
