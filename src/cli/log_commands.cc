#include "cli/log_commands.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "cli/argument_check.h"

namespace millrace::cli {
namespace {

constexpr const char* kTopicExamples = R"(
Examples:
  millrace topic list                                    on a server at 127.0.0.1:9092
  millrace topic create orders --partitions 4
  millrace topic describe orders -b kafka-1:9092,kafka-2:9092
  millrace topic alter orders --config retention.ms=86400000
  millrace topic list --data data -o json                a directory that no server uses
)";

constexpr const char* kConsumeExamples = R"(
Examples:
  millrace consume orders                               what is there, then what comes; Ctrl-C
  millrace consume orders -e -o -10                     the last ten of each partition
  millrace consume orders -e -o @2024-02-29             from this day on (UTC)
  millrace consume orders payments --group billing      where the group stopped last time
  millrace consume orders -f '%p:%o %k=%v'
  millrace consume orders -e -J | jq .key               an object a record
  millrace consume orders --data data -n 3              a directory that no server uses
)";

constexpr const char* kProduceExamples = R"(
Examples:
  echo '{"id": 7}' | millrace produce orders
  millrace produce users -K : -Z < users.txt            'ann:{…}'; 'ann:' deletes
  millrace produce logs -z zstd access.log error.log    a record a line
  millrace produce blobs -D '' -k logo logo.png         a file is one record
  millrace consume a -e -J | millrace produce b -J      a copy, with keys, headers, times
)";

constexpr const char* kGroupExamples = R"(
Examples:
  millrace group list
  millrace group describe billing
  millrace group seek billing --to start
  millrace group seek billing --to @2024-02-29 --topic orders --dry-run
  millrace group delete billing
)";

constexpr const char* kLogExamples = R"(
Examples:
  millrace log verify --data data                  reads everything, names what is damaged
  millrace log dump --data data                    entries that are in the ring
  millrace log dump checkpoint --data data         partitions, segment files, state
  millrace log dump 000000000000002a --data data   what a segment file holds
  millrace log repair --data data                  what could be given up, and what that loses
  millrace log repair --data data --give-up orders-0
)";

CLI::App* add(CLI::App& above, const char* name, const char* does, const char* examples) {
  CLI::App* command = above.add_subcommand(name, does);
  command->footer(examples);
  return command;
}

void add_target(CLI::App& command, TargetOptions& target) {
  command
      .add_option("-b,--brokers,--bootstrap-server", target.brokers,
                  "Servers of Kafka's protocol; default: MILLRACE_BROKERS, or 127.0.0.1:9092")
      ->type_name("HOST:PORT,…");
  command.add_option("--data", target.data, "A data directory that no server uses, instead")
      ->type_name("DIR");
  command.add_option("--timeout", target.timeout_s, "For how long no server may be reached")
      ->type_name("SECONDS")
      ->check(whole_number(1));
  command
      .add_option("--client-config", target.client_config,
                  "Settings of the client (librdkafka's names), a line each: name=value")
      ->type_name("FILE");
  take_one(command
               .add_option("-X,--client-set", target.settings,
                           "One of them, as security.protocol=SSL; repeatable")
               ->type_name("NAME=VALUE"));
}

void add_output(CLI::App& command, std::string& output) {
  command.add_option("-o,--output", output, "table, json, jsonl, csv or markdown")
      ->type_name("FORMAT");
}

}  // namespace

void LogCommands::add_to(CLI::App& program) {
  add_topics(program);
  add_consume(program);
  add_produce(program);
  add_groups(program);
  add_log(program);
}

CLI::App* LogCommands::add_topic(CLI::App& above, const char* name, const char* does, Run run) {
  CLI::App* command = add(above, name, does, kTopicExamples);
  command->callback([this, run] { choose_([this, run] { return run(world_, topic_); }); });
  add_target(*command, topic_.target);
  return command;
}

void LogCommands::add_topics(CLI::App& program) {
  CLI::App* topic =
      add(program, "topic", "Topics of a server, or of a data directory", kTopicExamples);
  topic->require_subcommand(1);
  CLI::App* list = add_topic(*topic, "list", "Names, partitions, records", list_topics);
  CLI::App* create = add_topic(*topic, "create", "Make topics", create_topics);
  CLI::App* describe = add_topic(
      *topic, "describe", "Partitions of a topic, groups that read it, settings", describe_topic);
  CLI::App* alter = add_topic(*topic, "alter", "More partitions, other settings", alter_topics);
  CLI::App* remove = add_topic(*topic, "delete", "Delete topics with their records", delete_topics);
  list->add_option("TOPIC", topic_.names, "Only these; default: all");
  create->add_option("TOPIC", topic_.names, "Their names")->required();
  describe->add_option("TOPIC", topic_.names, "Its name")->required()->expected(1);
  alter->add_option("TOPIC", topic_.names, "Their names")->required();
  remove->add_option("TOPIC", topic_.names, "Their names")->required();
  for (CLI::App* command : {list, describe}) add_output(*command, topic_.output);
  for (CLI::App* command : {list, remove}) {
    command->add_flag("-r,--regex", topic_.patterns,
                      "The names are regular expressions, for whole names");
  }
  list->add_flag("--internal", topic_.internal,
                 "Also topics that servers keep for themselves: __…");
  describe->add_option("--only", topic_.only, "partitions, groups or settings")->type_name("PART");
  for (CLI::App* command : {create, alter}) {
    command
        ->add_option("-p,--partitions", topic_.partitions,
                     command == create ? "How many; default: as the server has it"
                                       : "How many afterwards; never fewer")
        ->type_name("N")
        ->check(whole_number(1));
    take_one(command
                 ->add_option("-c,--config", topic_.settings,
                              "A setting, as retention.ms=86400000; repeatable")
                 ->type_name("NAME=VALUE"));
  }
  create
      ->add_option("--replication-factor", topic_.replication_factor,
                   "On how many servers; default: as the server has it")
      ->type_name("N")
      ->check(whole_number(1));
  create->add_flag("--if-not-exists", topic_.if_not_exists, "One that is there is no error");
  take_one(alter
               ->add_option("-d,--delete", topic_.deletions,
                            "A setting that gets its default again; repeatable")
               ->type_name("NAME"));
  remove->add_flag("--if-exists", topic_.if_exists, "One that is not there is no error");
  remove->add_flag("-y,--yes", topic_.yes, "Do not ask, on a terminal");
}

void LogCommands::add_consume(CLI::App& program) {
  CLI::App* command = add(program, "consume", "Print records of topics", kConsumeExamples);
  command->callback([this] { choose_([this] { return consume(world_, consume_); }); });
  command->add_option("TOPIC", consume_.topics, "Their names")->required();
  take_one(command
               ->add_option("-o,--offset", consume_.offsets,
                            "start, end, N, -N for the last N, @TIME (UTC, or ms since 1970)")
               ->type_name("OFFSET"));
  command->add_flag("-e,--exit", consume_.exit,
                    "End at what is the end now; a data directory is always read so");
  command->add_option("-n,--count", consume_.count, "End after so many records")
      ->type_name("N")
      ->check(whole_number(0));
  command->add_option("-p,--partition", consume_.partition, "Only this one")
      ->type_name("N")
      ->check(whole_number(0));
  command->add_flag("-r,--regex", consume_.patterns,
                    "The names are regular expressions, for whole names");
  command
      ->add_option("-g,--group", consume_.group,
                   "Read as a member of this group; what was printed is committed")
      ->type_name("GROUP");
  add_consume_looks(*command);
  command
      ->add_option("--isolation", consume_.isolation,
                   "committed (default), or uncommitted: also records of open transactions")
      ->type_name("LEVEL");
  command->add_flag("-q,--quiet", consume_.quiet, "Records and errors only");
  add_target(*command, consume_.target);
}

void LogCommands::add_consume_looks(CLI::App& command) {
  command
      .add_option("-f,--format", consume_.format,
                  "%k key, %v value, %h headers, %o offset, %p partition, %T time in ms, "
                  "%t topic, %K and %S bytes of key and value, %%; \\n \\t \\xHH")
      ->type_name("FORMAT");
  command.add_option("-D,--delimiter", consume_.delimiter, "Behind every record; default: \\n")
      ->type_name("TEXT");
  command.add_flag("-J,--json", consume_.json, "A JSON object per record; also -o json");
}

void LogCommands::add_produce(CLI::App& program) {
  CLI::App* command =
      add(program, "produce", "Append records, a line each, to a topic", kProduceExamples);
  command->callback([this] { choose_([this] { return produce(world_, produce_); }); });
  command->add_option("TOPIC", produce_.topic, "Its name")->required();
  command->add_option("FILE", produce_.files, "Files of records; default, and '-': stdin");
  add_produce_records(*command);
  command
      ->add_option("-p,--partition", produce_.partition,
                   "Where all records go; default: where their keys belong")
      ->type_name("N")
      ->check(whole_number(0));
  command
      ->add_option("--acks", produce_.acks,
                   "Who must have a record: all (default, without duplicates), 1 or 0")
      ->type_name("N");
  command
      ->add_option("-z,--compression", produce_.codec, "none (default), gzip, snappy, lz4 or zstd")
      ->type_name("CODEC");
  command->add_flag("-q,--quiet", produce_.quiet, "Errors only");
  add_target(*command, produce_.target);
}

void LogCommands::add_produce_records(CLI::App& command) {
  command
      .add_option("-K,--key-separator", produce_.key_separator,
                  "Splits each record into key and value")
      ->type_name("TEXT");
  command.add_option("-k,--key", produce_.key, "The key of every record that has none")
      ->type_name("KEY");
  take_one(command.add_option("-H,--header", produce_.headers, "name=value; repeatable")
               ->type_name("HEADER"));
  command.add_flag("-J,--json", produce_.json,
                   "A JSON object per line, as `millrace consume -J` prints them");
  command.add_flag("-Z,--tombstones", produce_.tombstones,
                   "What is empty is NULL: a value like that deletes its key");
  command
      .add_option("-D,--delimiter", produce_.delimiter,
                  "Ends a record; default: \\n; '': all of a file is one")
      ->type_name("TEXT");
}

CLI::App* LogCommands::add_group(CLI::App& above, const char* name, const char* does,
                                 RunGroup run) {
  CLI::App* command = add(above, name, does, kGroupExamples);
  command->callback([this, run] { choose_([this, run] { return run(world_, group_); }); });
  add_target(*command, group_.target);
  return command;
}

void LogCommands::add_groups(CLI::App& program) {
  CLI::App* group = add(program, "group", "Consumer groups and how far they are", kGroupExamples);
  group->require_subcommand(1);
  CLI::App* list = add_group(*group, "list", "Names and states", list_groups);
  CLI::App* describe =
      add_group(*group, "describe", "Members, offsets and lag of a group", describe_group);
  CLI::App* seek =
      add_group(*group, "seek", "Move the offsets of a group without members", seek_group);
  CLI::App* remove = add_group(*group, "delete", "Delete groups without members", delete_groups);
  for (CLI::App* command : {describe, seek}) {
    command->add_option("GROUP", group_.names, "Its name")->required()->expected(1);
  }
  remove->add_option("GROUP", group_.names, "Their names")->required();
  for (CLI::App* command : {list, describe, seek}) add_output(*command, group_.output);
  describe->add_option("--only", group_.only, "group, members or offsets")->type_name("PART");
  seek->add_option("--to", group_.to,
                   "start, end, N, -N: N before the end, @TIME (UTC, or ms since 1970)")
      ->type_name("OFFSET")
      ->required();
  take_one(seek->add_option("-t,--topic", group_.topics,
                            "Only of this topic; repeatable; default: all that were committed")
               ->type_name("TOPIC"));
  seek->add_option("-p,--partition", group_.partition, "Only this one")
      ->type_name("N")
      ->check(whole_number(0));
  seek->add_flag("--new", group_.make, "The group need not be there yet; with --topic");
  seek->add_flag("--dry-run", group_.dry_run, "Only show what would be");
  remove->add_flag("-y,--yes", group_.yes, "Do not ask, on a terminal");
}

void LogCommands::add_log(CLI::App& program) {
  CLI::App* log =
      add(program, "log", "Look into a data directory that nobody uses, and mend it", kLogExamples);
  log->require_subcommand(1);
  CLI::App* verify =
      add(*log, "verify", "Read every byte of it, and name what is damaged", kLogExamples);
  CLI::App* dump = add(*log, "dump", "Print what stands in it", kLogExamples);
  verify->callback([this] { choose_([this] { return verify_log(world_, storage_); }); });
  dump->callback([this] { choose_([this] { return dump_log(world_, storage_); }); });
  for (CLI::App* command : {verify, dump}) {
    command->add_option("--data", storage_.data, "The data directory")
        ->type_name("DIR")
        ->required();
    add_output(*command, storage_.output);
  }
  verify->add_flag("-q,--quiet", storage_.quiet, "No progress line; nothing, if all is well");
  dump->add_option("PART", storage_.part, "ring (the default), checkpoint, or a segment file");
  dump->add_option("--from", storage_.from, "Entries of the ring from this LSN on")
      ->type_name("LSN")
      ->check(whole_number(0));
  dump->add_option("--to", storage_.to, "Up to this LSN")->type_name("LSN")->check(whole_number(0));
  add_repair(*log);
}

void LogCommands::add_repair(CLI::App& log) {
  CLI::App* command = add(
      log, "repair", "Give up what is damaged, so that the rest can be used again", kLogExamples);
  command->callback([this] { choose_([this] { return repair_log(world_, repair_); }); });
  command->add_option("--data", repair_.data, "The data directory")->type_name("DIR")->required();
  command
      ->add_option("--give-up-from", repair_.give_up_from,
                   "Give up this entry of the log and all that came after it")
      ->type_name("LSN")
      ->check(whole_number(1));
  take_one(command
               ->add_option("--give-up", repair_.give_up,
                            "Give up what cannot be read of a partition, as orders-0, or what "
                            "stood in a segment file; repeatable")
               ->type_name("NAME"));
  add_output(*command, repair_.output);
  command->add_flag("-q,--quiet", repair_.quiet, "No progress line; nothing, if all is well");
}

}  // namespace millrace::cli
