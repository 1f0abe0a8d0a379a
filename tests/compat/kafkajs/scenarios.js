// Scenarios with kafkajs. usage: node scenarios.js BOOTSTRAP SCENARIO TOPIC
// Ends with 0 when the scenario went as it must; with a message otherwise.
"use strict";

const assert = require("node:assert/strict");
const { CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = require("kafkajs");

const [bootstrap, scenario, topic] = process.argv.slice(2);
const group = `group.${topic}`;
const kafka = new Kafka({
  brokers: [bootstrap],
  clientId: "kafkajs-scenarios",
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 30, retries: 8 },
});
const admin = kafka.admin();
const opened = [admin];

async function open(client) {
  opened.push(client);
  await client.connect();
  return client;
}

// Runs a consumer until `enough` says so of all that was read.
async function consume(consumers, enough) {
  const found = [];
  await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`only ${found.length} records`)), 20000).unref();
    for (const consumer of consumers) {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      consumer
        .run({
          eachMessage: async ({ partition, message }) => {
            found.push({ ...message, partition, consumer });
            if (enough(found)) resolve();
          },
        })
        .catch(reject);
    }
  });
  return found;
}

async function member(options = {}) {
  const consumer = await open(
    kafka.consumer({
      groupId: group,
      maxWaitTimeInMs: 50,
      sessionTimeout: 6000,
      heartbeatInterval: 200,
      ...options,
    }),
  );
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  return consumer;
}

async function makeTopic(numPartitions) {
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
}

const text = (buffer) => (buffer === null ? null : buffer.toString());

async function bytes(compression) {
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
  const rows = [
    { key: "key", value: "value", headers: { h: "1" }, timestamp: "1700000000000" },
    { key: null, value: "no key", timestamp: "1700000000001" },
    { key: "no value", value: null, timestamp: "1700000000002" },
    { key: "", value: "", timestamp: "1700000000003" },
    { key: everyByte, value: Buffer.concat(Array(1000).fill(everyByte)), timestamp: "1" },
  ];
  const producer = await open(kafka.producer());
  const [sent] = await producer.send({ topic, messages: rows, compression, acks: -1 });
  assert.equal(sent.baseOffset, "0");
  const found = await consume([await member()], (all) => all.length === rows.length);
  rows.forEach((row, at) => {
    assert.equal(found[at].offset, String(at));
    assert.equal(found[at].timestamp, row.timestamp);
    assert.deepEqual(found[at].key, row.key === null ? null : Buffer.from(row.key));
    assert.deepEqual(found[at].value, row.value === null ? null : Buffer.from(row.value));
  });
  assert.equal(text(found[0].headers.h), "1");
}

const scenarios = {
  bytes: () => bytes(CompressionTypes.None),
  bytes_gzip: () => bytes(CompressionTypes.GZIP),

  async acknowledgements() {
    const producer = await open(kafka.producer());
    for (const acks of [0, 1, -1]) {
      await producer.send({ topic, acks, messages: [{ value: String(acks) }] });
    }
    const found = await consume([await member()], (all) => all.length === 3);
    assert.deepEqual(found.map((message) => text(message.value)), ["0", "1", "-1"]);
  },

  async too_large() {
    const producer = await open(kafka.producer({ retry: { retries: 0 } }));
    await makeTopic(1);
    const messages = [{ value: Buffer.alloc(1100000) }];
    await assert.rejects(producer.send({ topic, messages }), /larger than the max message size/);
  },

  async offsets() {
    const producer = await open(kafka.producer());
    await makeTopic(1);
    const messages = Array.from({ length: 10 }, (_, at) => ({
      value: String(at),
      timestamp: String(1700000000000 + at),
    }));
    await producer.send({ topic, messages });
    const [all] = await admin.fetchTopicOffsets(topic);
    assert.deepEqual([all.low, all.high], ["0", "10"]);
    const [at] = await admin.fetchTopicOffsetsByTimestamp(topic, 1700000000004);
    assert.equal(at.offset, "4");
    await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: "7" }] });
    const consumer = await member();
    const found = await consume([consumer], (read) => read.length === 3);
    assert.deepEqual(found.map((message) => text(message.value)), ["7", "8", "9"]);
  },

  async group_members() {
    await makeTopic(4);
    const producer = await open(kafka.producer());
    const send = (first) =>
      producer.sendBatch({
        topicMessages: [0, 1, 2, 3].map((partition) => ({
          topic,
          messages: Array.from({ length: 10 }, (_, at) => ({ partition, value: `${first + at}` })),
        })),
      });
    await send(0);
    const members = [await member(), await member()];
    const joined = members.map(
      (one) => new Promise((resolve) => {
        one.on(one.events.GROUP_JOIN, ({ payload }) => {
          if (payload.memberAssignment[topic]?.length === 2) resolve();
        });
      }),
    );
    let halves = false;
    const both = Promise.all(joined).then(() => send(10)).then(() => { halves = true; });
    const found = await consume(members, (all) => halves && all.length >= 80);
    await both;
    const seen = new Set(found.map((message) => `${message.partition}-${text(message.value)}`));
    assert.equal(seen.size, 80);
    assert.equal(new Set(found.map((message) => message.consumer)).size, 2);
    const { groups: [described] } = await admin.describeGroups([group]);
    assert.equal(described.state, "Stable");
    assert.equal(described.members.length, 2);
    await members[0].disconnect();
    await members[1].disconnect();
    const [stored] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    assert.deepEqual(stored.partitions.map(({ offset }) => offset), ["20", "20", "20", "20"]);
    await admin.deleteGroups([group]);
    const { groups } = await admin.listGroups();
    assert.ok(!groups.some(({ groupId }) => groupId === group));
  },

  async administration() {
    await makeTopic(2);
    assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] }), false);
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    const { topics: [described] } = await admin.fetchTopicMetadata({ topics: [topic] });
    assert.equal(described.partitions.length, 3);
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
    const value = async (name) => {
      const { resources } = await admin.describeConfigs({
        resources: [{ ...resource, configNames: [name] }],
        includeSynonyms: false,
      });
      return resources[0].configEntries[0].configValue;
    };
    await admin.alterConfigs({
      resources: [{ ...resource, configEntries: [{ name: "retention.ms", value: "123456" }] }],
    });
    assert.equal(await value("retention.ms"), "123456");
    assert.equal((await admin.describeCluster()).brokers.length, 1);
    await admin.deleteTopics({ topics: [topic] });
    assert.ok(!(await admin.listTopics()).includes(topic));
  },

  async delete_records() {
    const producer = await open(kafka.producer());
    await producer.send({ topic, messages: ["0", "1", "2"].map((value) => ({ value })) });
    await admin.fetchTopicOffsets(topic); // this client must know the topic before it deletes
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "2" }] });
    const [left] = await admin.fetchTopicOffsets(topic);
    assert.deepEqual([left.low, left.high], ["2", "3"]);
    const found = await consume([await member()], (all) => all.length === 1);
    assert.equal(text(found[0].value), "2");
  },

  async idempotence() {
    const producer = await open(kafka.producer({ idempotent: true, maxInFlightRequests: 1 }));
    for (let at = 0; at < 50; at += 1) {
      await producer.send({ topic, messages: [{ value: String(at) }] });
    }
    const found = await consume([await member()], (all) => all.length === 50);
    assert.deepEqual(found.map(({ value }) => Number(text(value))), [...Array(50).keys()]);
  },

  async transactions() {
    const producer = await open(
      kafka.producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true }),
    );
    for (const [value, end] of [["1", "commit"], ["no", "abort"], ["2", "commit"]]) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value }] });
      await transaction.sendOffsets({
        consumerGroupId: `other.${group}`,
        topics: [{ topic, partitions: [{ partition: 0, offset: value === "no" ? "9" : value }] }],
      });
      await transaction[end]();
    }
    const found = await consume([await member()], (all) => all.length === 2);
    assert.deepEqual(found.map(({ value }) => text(value)), ["1", "2"]);
    const [stored] = await admin.fetchOffsets({ groupId: `other.${group}`, topics: [topic] });
    assert.equal(stored.partitions[0].offset, "2");
  },
};

async function main() {
  await admin.connect();
  await scenarios[scenario]();
  await Promise.all(opened.map((client) => client.disconnect()));
}

main().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
