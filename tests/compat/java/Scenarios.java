import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Scenarios with Kafka's own client. Arguments: BOOTSTRAP SCENARIO TOPIC. */
public final class Scenarios {
  private static final Duration TURN = Duration.ofMillis(50);
  private static final long LIMIT_NS = TimeUnit.SECONDS.toNanos(20);

  private final String bootstrap;
  private final String topic;
  private final String group;
  private final Admin admin;
  private final List<AutoCloseable> opened = new ArrayList<>();

  private Scenarios(String bootstrap, String topic) {
    this.bootstrap = bootstrap;
    this.topic = topic;
    this.group = "group." + topic;
    this.admin = keep(Admin.create(Map.of("bootstrap.servers", bootstrap)));
  }

  public static void main(String[] arguments) throws Exception {
    Scenarios scenarios = new Scenarios(arguments[0], arguments[2]);
    Scenarios.class.getDeclaredMethod(arguments[1]).invoke(scenarios);
    for (AutoCloseable one : scenarios.opened) one.close();
  }

  // ---- what scenarios share ----

  private <T extends AutoCloseable> T keep(T one) {
    opened.add(0, one);
    return one;
  }

  private KafkaProducer<byte[], byte[]> producer(Object... settings) {
    Map<String, Object> config = config(settings);
    return keep(
        new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer()));
  }

  private KafkaConsumer<byte[], byte[]> consumer(Object... settings) {
    Map<String, Object> config = config(settings);
    config.putIfAbsent("group.id", group);
    config.putIfAbsent("auto.offset.reset", "earliest");
    config.putIfAbsent("enable.auto.commit", false);
    config.putIfAbsent("fetch.max.wait.ms", 50);
    config.putIfAbsent("session.timeout.ms", 6000);
    config.putIfAbsent("heartbeat.interval.ms", 100);
    return keep(
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer()));
  }

  private Map<String, Object> config(Object... settings) {
    Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", bootstrap));
    for (int at = 0; at < settings.length; at += 2) {
      config.put((String) settings[at], settings[at + 1]);
    }
    return config;
  }

  private static byte[] bytes(Object value) {
    return value.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static String text(ConsumerRecord<byte[], byte[]> row) {
    return new String(row.value(), StandardCharsets.UTF_8);
  }

  private void send(KafkaProducer<byte[], byte[]> producer, int partition, Object... values)
      throws Exception {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (Object value : values) {
      sent.add(producer.send(new ProducerRecord<>(topic, partition, null, bytes(value))));
    }
    for (Future<RecordMetadata> one : sent) one.get(20, TimeUnit.SECONDS);
  }

  private List<ConsumerRecord<byte[], byte[]>> take(
      KafkaConsumer<byte[], byte[]> consumer, int count) {
    List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
    until(() -> found.size() >= count, () -> consumer.poll(TURN).forEach(found::add));
    equal(found.size(), count);
    return found;
  }

  private static List<String> texts(List<ConsumerRecord<byte[], byte[]>> rows) {
    return rows.stream().map(Scenarios::text).toList();
  }

  private static void until(BooleanSupplier reached, Runnable turn) {
    long end = System.nanoTime() + LIMIT_NS;
    while (!reached.getAsBoolean()) {
      check(System.nanoTime() < end, "it takes too long");
      turn.run();
    }
  }

  private static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  private static void equal(Object found, Object wanted) {
    check(Objects.equals(found, wanted), "found " + found + ", wanted " + wanted);
  }

  private interface Action {
    void run() throws Exception;
  }

  private static void fails(Class<? extends Exception> wanted, Action action) {
    try {
      action.run();
    } catch (ExecutionException error) {
      check(wanted.isInstance(error.getCause()), "failed with " + error.getCause());
      return;
    } catch (Exception error) {
      check(wanted.isInstance(error), "failed with " + error);
      return;
    }
    throw new AssertionError("did not fail");
  }

  private void makeTopic(int partitions) throws Exception {
    admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
  }

  // ---- the scenarios ----

  private void codecs() throws Exception {
    byte[] everyByte = new byte[256];
    for (int at = 0; at < 256; ++at) everyByte[at] = (byte) at;
    byte[][] values = {bytes("value"), null, {}, everyByte, new byte[300_000]};
    byte[][] keys = {bytes("key"), bytes("no value"), {}, null, everyByte};
    List<String> names = List.of("none", "gzip", "snappy", "lz4", "zstd");
    long base = 1_700_000_000_000L;
    for (String codec : names) {
      KafkaProducer<byte[], byte[]> producer = producer("compression.type", codec, "linger.ms", 5);
      for (int at = 0; at < values.length; ++at) {
        var row = new ProducerRecord<>(topic, 0, base + at, keys[at], values[at]);
        row.headers().add(new RecordHeader("h", everyByte)).add(new RecordHeader("h", null));
        producer.send(row);
      }
      producer.flush();
    }
    List<ConsumerRecord<byte[], byte[]>> found = readAll(values.length * names.size());
    for (int at = 0; at < found.size(); ++at) {
      ConsumerRecord<byte[], byte[]> row = found.get(at);
      int which = at % values.length;
      equal(row.offset(), (long) at);
      equal(row.timestamp(), base + which);
      check(Arrays.equals(row.key(), keys[which]), "key " + at);
      check(Arrays.equals(row.value(), values[which]), "value " + at);
      check(Arrays.equals(row.headers().toArray()[0].value(), everyByte), "header " + at);
      check(row.headers().toArray()[1].value() == null, "null header " + at);
    }
  }

  private List<ConsumerRecord<byte[], byte[]>> readAll(int count, Object... settings) {
    KafkaConsumer<byte[], byte[]> reader = consumer(settings);
    reader.assign(List.of(new TopicPartition(topic, 0)));
    return take(reader, count);
  }

  private void idempotence() throws Exception {
    KafkaProducer<byte[], byte[]> producer = producer();  // idempotent unless told otherwise
    Object[] values = new Object[2000];
    for (int at = 0; at < values.length; ++at) values[at] = at;
    send(producer, 0, values);
    List<ConsumerRecord<byte[], byte[]>> found = readAll(values.length);
    for (int at = 0; at < values.length; ++at) equal(text(found.get(at)), String.valueOf(at));
  }

  private void withoutIdempotence() throws Exception {
    for (String acks : List.of("0", "1", "all")) {
      KafkaProducer<byte[], byte[]> producer =
          producer("enable.idempotence", false, "acks", acks);
      producer.send(new ProducerRecord<>(topic, 0, null, bytes(acks)));
      producer.flush();
    }
    equal(texts(readAll(3)), List.of("0", "1", "all"));
  }

  private void limits() throws Exception {
    KafkaProducer<byte[], byte[]> producer = producer("max.request.size", 8_000_000);
    fails(RecordTooLargeException.class, () -> send(producer, 0, "x".repeat(1_100_000)));
    send(producer, 0, "x".repeat(1_000_000));
    equal(readAll(1, "max.partition.fetch.bytes", 1000).get(0).value().length, 1_000_000);
  }

  private void offsets() throws Exception {
    makeTopic(1);
    KafkaProducer<byte[], byte[]> producer = producer("linger.ms", 20);
    long base = 1_700_000_000_000L;
    for (long at = 0; at < 10; ++at) {
      producer.send(new ProducerRecord<>(topic, 0, base + at, null, bytes(at)));
    }
    producer.flush();
    TopicPartition place = new TopicPartition(topic, 0);
    KafkaConsumer<byte[], byte[]> reader = consumer();
    reader.assign(List.of(place));
    equal(reader.beginningOffsets(List.of(place)).get(place), 0L);
    equal(reader.endOffsets(List.of(place)).get(place), 10L);
    equal(reader.offsetsForTimes(Map.of(place, base + 4)).get(place).offset(), 4L);
    equal(reader.offsetsForTimes(Map.of(place, base + 10)).get(place), null);
    reader.seek(place, 8);
    equal(texts(take(reader, 2)), List.of("8", "9"));
    reader.commitSync(Map.of(place, new OffsetAndMetadata(5, Optional.of(0), "five")));
    equal(reader.committed(Set.of(place)).get(place).metadata(), "five");
    reader.pause(List.of(place));
    send(producer, 0, "10");
    equal(reader.poll(Duration.ofMillis(200)).count(), 0);
    reader.resume(List.of(place));
    equal(texts(take(reader, 1)), List.of("10"));
    var newest = admin.listOffsets(Map.of(place, OffsetSpec.maxTimestamp())).partitionResult(place);
    equal(newest.get().offset(), 10L);
  }

  private void range() throws Exception {
    members("org.apache.kafka.clients.consumer.RangeAssignor");
  }

  private void cooperative() throws Exception {
    members("org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
  }

  private void members(String assignor) throws Exception {
    makeTopic(4);
    KafkaProducer<byte[], byte[]> producer = producer();
    List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
    KafkaConsumer<byte[], byte[]> first = consumer("partition.assignment.strategy", assignor);
    KafkaConsumer<byte[], byte[]> second = consumer("partition.assignment.strategy", assignor);
    Runnable turn = () -> List.of(first, second).forEach(one -> one.poll(TURN).forEach(found::add));
    first.subscribe(List.of(topic));
    until(() -> first.assignment().size() == 4, () -> first.poll(TURN));
    second.subscribe(List.of(topic));
    until(() -> first.assignment().size() == 2 && second.assignment().size() == 2, turn);
    for (int partition = 0; partition < 4; ++partition) send(producer, partition, 0, 1, 2);
    until(() -> found.size() >= 12, turn);
    Set<String> places = new HashSet<>();
    found.forEach(row -> places.add(row.partition() + "@" + row.offset()));
    equal(places.size(), 12);
    equal(found.size(), 12);
    first.commitSync();
    second.close();
    until(() -> first.assignment().size() == 4, () -> first.poll(TURN));
    ConsumerGroupDescription described =
        admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
    equal(described.groupState().toString(), "Stable");
    equal(described.members().size(), 1);
    fails(GroupNotEmptyException.class,
        () -> admin.deleteConsumerGroups(List.of(group)).all().get());
    first.close();
    admin.deleteConsumerGroups(List.of(group)).all().get();
    check(admin.listGroups().all().get().stream().noneMatch(one -> one.groupId().equals(group)),
        "the group is still listed");
  }

  private void administration() throws Exception {
    makeTopic(2);
    fails(TopicExistsException.class, () -> makeTopic(2));
    admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get();
    TopicDescription described =
        admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    equal(described.partitions().size(), 3);
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    Collection<AlterConfigOp> change = List.of(new AlterConfigOp(
        new ConfigEntry("retention.ms", "123456"), AlterConfigOp.OpType.SET));
    admin.incrementalAlterConfigs(Map.of(resource, change)).all().get();
    Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
    equal(config.get("retention.ms").value(), "123456");
    equal(config.get("retention.ms").source(), ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
    check(config.get("max.message.bytes").isDefault(), "max.message.bytes is a default");
    KafkaProducer<byte[], byte[]> producer = producer();
    producer.send(new ProducerRecord<>(topic, 2, null, bytes("measured"))).get();
    int broker = admin.describeCluster().nodes().get().iterator().next().id();
    var folder = admin.describeLogDirs(List.of(broker)).allDescriptions().get().get(broker)
        .values().iterator().next();
    check(folder.replicaInfos().get(new TopicPartition(topic, 2)).size() > 60, "the size");
    equal(admin.describeCluster().nodes().get().size(), 1);
    check(!admin.describeCluster().clusterId().get().isEmpty(), "the cluster has an id");
    admin.deleteTopics(List.of(topic)).all().get();
    check(!admin.listTopics().names().get().contains(topic), "the topic is gone");
  }

  private void deleteRecords() throws Exception {
    send(producer(), 0, 0, 1, 2);
    TopicPartition place = new TopicPartition(topic, 0);
    var deleted = admin.deleteRecords(Map.of(place, RecordsToDelete.beforeOffset(2)));
    equal(deleted.lowWatermarks().get(place).get().lowWatermark(), 2L);
    equal(texts(readAll(1)), List.of("2"));
  }

  private void transactions() throws Exception {
    KafkaProducer<byte[], byte[]> producer = producer("transactional.id", topic);
    producer.initTransactions();
    TopicPartition place = new TopicPartition(topic, 0);
    KafkaConsumer<byte[], byte[]> member = consumer("group.id", "other." + group);
    for (String value : List.of("1", "no", "2")) {
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(topic, 0, null, bytes(value)));
      long offset = value.equals("no") ? 9 : Long.parseLong(value);
      producer.sendOffsetsToTransaction(
          Map.of(place, new OffsetAndMetadata(offset)), member.groupMetadata());
      if (value.equals("no")) producer.abortTransaction();
      else producer.commitTransaction();
    }
    equal(texts(readAll(2, "isolation.level", "read_committed")), List.of("1", "2"));
    equal(member.committed(Set.of(place)).get(place).offset(), 2L);
    producer.beginTransaction();
    producer.send(new ProducerRecord<>(topic, 0, null, bytes("fenced"))).get();
    producer("transactional.id", topic).initTransactions();
    fails(ProducerFencedException.class, producer::commitTransaction);
    producer.close(Duration.ZERO);
    opened.remove(producer);
  }

  // The second form of transactions: nothing but writing makes a partition part of a transaction,
  // and each transaction has an epoch of its own.
  private void transactionEpochs() throws Exception {
    var features = admin.describeFeatures().featureMetadata().get().finalizedFeatures();
    equal(features.get("transaction.version").maxVersionLevel(), (short) 2);
    KafkaProducer<byte[], byte[]> producer = producer("transactional.id", topic, "linger.ms", 5);
    producer.initTransactions();
    TopicPartition place = new TopicPartition(topic, 0);
    for (int turn = 0; turn < 3; ++turn) {
      producer.beginTransaction();
      for (int at = 0; at < 50; ++at) {
        producer.send(new ProducerRecord<>(topic, 0, null, bytes(turn * 50 + at)));
        if (at % 10 == 9) producer.flush();
      }
      if (turn == 1) producer.abortTransaction();
      else producer.commitTransaction();
    }
    List<ConsumerRecord<byte[], byte[]>> found = readAll(100, "isolation.level", "read_committed");
    for (int at = 0; at < 100; ++at) {
      equal(text(found.get(at)), String.valueOf(at < 50 ? at : at + 50));
    }
    producer.beginTransaction();
    producer.send(new ProducerRecord<>(topic, 0, null, bytes("open"))).get();
    var state = admin.describeProducers(List.of(place)).partitionResult(place).get()
        .activeProducers().get(0);
    equal(state.producerEpoch(), 3);
    check(state.currentTransactionStartOffset().isPresent(), "no transaction is open");
    var listed = admin.listTransactions(
        new ListTransactionsOptions().filterOnTransactionalIdPattern(topic + ".*")).all().get();
    equal(listed.size(), 1);
    equal(listed.iterator().next().state().toString(), "Ongoing");
    equal(admin.describeTransactions(List.of(topic)).description(topic).get().producerEpoch(), 3);
    // An administrator's way out.
    admin.abortTransaction(new AbortTransactionSpec(place, state.producerId(),
        (short) state.producerEpoch(), state.coordinatorEpoch().orElse(0))).all().get();
    state = admin.describeProducers(List.of(place)).partitionResult(place).get()
        .activeProducers().get(0);
    check(state.currentTransactionStartOffset().isEmpty(), "the transaction hangs");
    producer.abortTransaction();
  }
}
