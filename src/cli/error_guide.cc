#include "cli/error_guide.h"

#include <algorithm>
#include <array>

namespace millrace::cli {
namespace {

using enum ErrorCode;

struct Guide {
  ErrorCode code;
  std::string_view text;
};

constexpr auto kWorld = std::to_array<Guide>({
    {kIoFailed,
     "The message ends with the reason that the operating system gave. Look at the disk\n"
     "(`dmesg`) and at limits (`ulimit -n` for \"Too many open files\"). Run the same command\n"
     "again: a job goes on behind its last committed epoch."},
    {kFileNotFound,
     "A relative path starts at the folder in which millrace was started, not at that of the\n"
     "script. A 'path' may be a file, a folder or a pattern ('in/*.json'); a pattern that fits\n"
     "nothing gives this error, too."},
    {kDiskFull,
     "Nothing that was committed is lost. Make room on the disk of the data directory\n"
     "(`df -h`) and run the same command again: it goes on. Where stdout was meant, its disk\n"
     "is the full one."},
    {kPermissionDenied,
     "Look at owner and mode with `ls -ld`; every folder on the way needs the x right. A data\n"
     "directory belongs to the user who made it: run millrace as the same one."},
    {kIsFolder,
     "Name a file in the folder. As the 'path' of a table that is read, a folder stands for\n"
     "all files in it."},
    {kAlreadyExists,
     "Something of this name is there already and is not overwritten. Remove it, or take\n"
     "another name."},
    {kOutOfMemory,
     "The query keeps more in memory than it may. Keep less: a window or a WHERE bounds the\n"
     "rows that a join or GROUP BY remembers; EXPLAIN shows which part of the plan keeps\n"
     "state."},
    {kCancelled,
     "Somebody pressed Ctrl-C, sent SIGTERM or stopped the job. What was read until then is\n"
     "committed; the same script on the same --data goes on from there."},
    {kSyncFailed,
     "After a failed sync nobody knows what is on the disk, so the process stops instead of\n"
     "answering wrongly. Look for faults of the disk (`dmesg`), then start again: what had\n"
     "been acknowledged is read back from the log."},
    {kInUse,
     "One process at a time uses a data directory. End the other one (`fuser DIR/lock` names\n"
     "it), or take another --data; if it is a server, speak to it instead (-b HOST:PORT). A\n"
     "process that was killed leaves no lock behind."},
    {kPortInUse,
     "Another program listens there; `ss -ltnp` names it. End it, or choose another port with\n"
     "--listen kafka=127.0.0.1:19092. Port 0 takes a free one, which the ready line names."},
    {kUnreachable,
     "Nothing listens there, or a firewall stands between. Look at host and port; is the server\n"
     "running (`millrace server`)? If it was reached and a broker was not: servers tell their\n"
     "clients where to go, so the address they tell (--advertise) must be right from here. A\n"
     "server that wants TLS or a password hangs up: -X security.protocol=SSL, SASL_SSL."},
    {kTimedOut,
     "The server is there and gave no answer in time: it is overloaded, or a leader is being\n"
     "elected. Run the command again, with a longer --timeout. Records that `produce` names in\n"
     "its message may or may not have been written."},
    {kInvalidOption,
     "An argument of the command line is unknown or has a value that it does not take.\n"
     "`millrace COMMAND --help` shows what a command takes."},
});

constexpr auto kSql = std::to_array<Guide>({
    {kSyntaxError,
     "The caret shows where the text stopped making sense; the mistake may stand just before\n"
     "it. Often: a missing comma, a missing ';' between statements, or a reserved word as a\n"
     "name, which needs quotes: \"order\" or `order`. Texts have single quotes: 'abc'."},
    {kUnterminatedToken,
     "A ', \", ` or /* is opened and never closed; all behind it was taken for its content. A\n"
     "quote inside a text is doubled: 'it''s'."},
    {kTooDeep,
     "At most 400 expressions and queries stand inside each other. Long chains of AND and OR,\n"
     "lists and joins do not count; break other nesting into views."},
    {kNotSupported,
     "The dialect has this clause, but this version does not run it. docs/reference/sql.md\n"
     "lists what runs; the message names what to write instead, where there is something."},
    {kTableNotFound,
     "SHOW TABLES and SHOW VIEWS list what there is. A table lives in its data directory: give\n"
     "the same --data with which it was created, or create it in this script. CREATE TEMPORARY\n"
     "TABLE lasts for one session only."},
    {kColumnNotFound,
     "DESCRIBE t lists the columns of a table. In WHERE and GROUP BY the names that SELECT\n"
     "gives (AS …) are not known yet; of a table with an alias only the alias counts: t AS x\n"
     "makes it x.column. Texts have single quotes: \"abc\" is a column, 'abc' a text."},
    {kFunctionNotFound,
     "SHOW FUNCTIONS LIKE 'SUB%' lists functions with their arguments. The name may be right\n"
     "and an argument of another type: the message says which types were given; CAST(x AS\n"
     "STRING) makes it the right one."},
    {kAmbiguousName,
     "Two tables of the query have a column of this name: write t.column. For tables: two\n"
     "names differ only in upper and lower case; quote the one that is meant."},
    {kTypeMismatch,
     "An operator, condition or column got a value of another type. Nothing is converted from\n"
     "text to number silently: write CAST(x AS INT), or TRY_CAST for NULL where it is none."},
    {kUnknownOption,
     "WITH (…) names an option that neither the connector nor the format has; an option that\n"
     "nothing reads is never ignored. `millrace help filesystem` lists those of a connector,\n"
     "`millrace help json` of a format, `millrace help table` those of every table."},
    {kInvalidOptionValue,
     "The message says what the option or setting takes. Durations are '200 ms', '5 s', '1\n"
     "min', '2 h'; sizes '64 KiB', '1 MB'; switches 'true', 'false'."},
    {kMissingOption,
     "The connector cannot work without this option: 'path' of filesystem, 'format' where\n"
     "bytes have to be read. `millrace help CONNECTOR` shows which are required."},
    {kTableExists,
     "Another definition has this name. The same text again is no error, so a script can be\n"
     "run twice. To change the table: DROP TABLE t first, or write CREATE OR REPLACE VIEW."},
    {kInvalidDefinition,
     "Two parts of the statement contradict each other, such as a PRIMARY KEY over a computed\n"
     "column, or a written column that is computed. The message names both."},
    {kNotGrouped,
     "With GROUP BY, what SELECT shows is either grouped or inside an aggregate, since a group\n"
     "has many rows. Add the column to GROUP BY, or write MAX(column)."},
    {kInvalidAggregate,
     "COUNT, SUM and the like stand in SELECT, HAVING and ORDER BY of a grouped query, not in\n"
     "WHERE, in GROUP BY or inside each other. Filter groups with HAVING, or use a subquery."},
    {kColumnCount,
     "INSERT, VALUES, UNION and a list of names need the same number of columns on both sides.\n"
     "To write only some: INSERT INTO t (a, b) SELECT …; the others become NULL."},
    {kMissingWatermark,
     "Windows and other clauses of event time need to know how far time is. Give the table\n"
     "one:\n"
     "  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND\n"
     "and use that column: DESCRIPTOR(ts). In a subquery the column must come through as it\n"
     "is."},
    {kSinkNotUpdatable,
     "The query changes rows that it has already written (GROUP BY without a window, an outer\n"
     "join), and the target only takes new ones. Give the target a PRIMARY KEY, so that later\n"
     "rows replace earlier ones, or group by a window, which writes each row once."},
    {kEndlessQuery,
     "SELECT prints a final result, and this one would never be final. Write\n"
     "  SUBSCRIBE SELECT …\n"
     "for the changes as they come, or INSERT INTO t SELECT … to keep the result in a table."},
    {kInvalidLiteral,
     "A literal has a form: DATE '2024-02-29', TIME '23:56:05', TIMESTAMP '2024-02-29\n"
     "23:56:05', INTERVAL '5' MINUTE, INTERVAL '1 02:03:04' DAY TO SECOND."},
    {kUnknownSetting,
     "SHOW ALL lists the settings and what they mean. SET 'name' = 'value' changes one, on the\n"
     "command line --set name=value."},
    {kUnknownType,
     "docs/reference/sql.md lists the types: BOOLEAN, INT, BIGINT, DOUBLE, DECIMAL(p, s),\n"
     "STRING, BYTES, DATE, TIME, TIMESTAMP(p), TIMESTAMP_LTZ(p), INTERVAL, ARRAY<t>, MAP<k,\n"
     "v>, ROW<name t, …>, JSON, and the usual other names of them."},
    {kNotReadable,
     "Some connectors only read (datagen, nexmark), some only write (print, blackhole), and a\n"
     "view is only read. `millrace help CONNECTOR` says what one can do."},
    {kKeepsEveryRow,
     "A notice: the job runs. Because the query's rows have another key than the target, every\n"
     "live row has to be remembered to know which one counts, so state grows with the input.\n"
     "GROUP BY the target's key, or accept it where the input is small."},
});

constexpr auto kRows = std::to_array<Guide>({
    {kNumericOverflow,
     "Compute in a wider type: CAST(x AS BIGINT) * y, or DECIMAL(38, s). A table's 'on-error'\n"
     "decides what becomes of rows that cannot be computed."},
    {kDivisionByZero,
     "Write x / NULLIF(y, 0) for NULL instead of an error, or filter such rows in WHERE."},
    {kCastFailed,
     "TRY_CAST(x AS INT) gives NULL for what is none. sys.errors holds the rows with their\n"
     "places:\n"
     "  SELECT place, reason, raw FROM sys.errors;"},
    {kMalformedRow,
     "The bytes are not what the table's 'format' says: a cut line, another separator, no\n"
     "JSON. sys.errors holds them with file and line, or topic, partition and offset.\n"
     "'on-error' = 'skip', 'null', 'fail' or 'dead-letter' (the default) decides per table\n"
     "what happens."},
    {kNullNotAllowed,
     "A NOT NULL column got NULL, or a field is missing in the input. Give a value with\n"
     "COALESCE(x, …), or drop NOT NULL."},
    {kNullEventTime,
     "The column of the WATERMARK is NULL, so nobody knows when the row happened. Fill it in a\n"
     "computed column: ts AS COALESCE(a, b)."},
    {kEventTimeTooFar,
     "One row from far ahead would close every window before it, so it is set aside. Often the\n"
     "unit is wrong: milliseconds read as seconds. Look at the row in sys.errors."},
    {kInvalidArgument,
     "The function is not defined for this value, such as LN(-1) or an index below 1. The\n"
     "message names function and value; SHOW FUNCTIONS LIKE 'LN' shows what it takes."},
    {kOverRetraction,
     "A change says that a row goes which never came. The input's changes do not fit together:\n"
     "records were lost or read from the middle on. Read the topic from its start."},
    {kDatetimeOverflow,
     "The result lies outside the years that a date or timestamp can hold. Often the unit of a\n"
     "number is wrong: TO_TIMESTAMP_LTZ(x, 3) takes milliseconds, (x, 0) seconds."},
});

constexpr auto kLog = std::to_array<Guide>({
    {kCorruptRecord,
     "What is stored differs from what was written, or a producer sent a batch that is none.\n"
     "If it is on disk, look for faults of disk or memory; the other partitions are not\n"
     "affected."},
    {kRingDamaged,
     "The log is damaged in a place that had been made durable; a tail that a crash tore is no\n"
     "damage and is mended by itself. Nothing is guessed: restore the directory from a backup\n"
     "(`millrace restore`), and look for faults of the disk."},
    {kVersionMismatch,
     "Start the version of millrace that wrote the directory, or take a new --data."},
    {kFenced,
     "Another process, or a later start, runs the job of this name; this one stops so that\n"
     "nothing is written twice. If both were meant, give them names: SET 'job.name' = '…'."},
    {kTopicNotFound,
     "`millrace topic list` lists the topics of a server, with --data DIR those of a directory.\n"
     "`millrace topic create` makes one, and so does CREATE TABLE t (…) without a connector."},
    {kTopicExists, "Take another name, or DROP TABLE the table that made the topic."},
    {kOffsetOutOfRange,
     "The records there are deleted or not yet written. `millrace topic describe TOPIC` shows\n"
     "where each partition starts and ends."},
    {kInvalidTopicName,
     "A topic's name has letters, digits, '.', '_' and '-', at most 249 of them. A table of\n"
     "another name gets one with WITH ('topic' = '…')."},
    {kRecordTooLarge,
     "Send smaller records, or fewer in one batch. Large files are better kept outside, with\n"
     "their path in the record."},
    {kVersionConflict,
     "Two changed the same thing at once and this one came second; nothing was changed. Run\n"
     "the statement again."},
    {kUnsupportedCodec, "Batches may be compressed with gzip, snappy, lz4 or zstd, or not at all."},
    {kCorruptState,
     "What a job remembers is damaged on disk. Look for faults of the disk. Under a new name\n"
     "(SET 'job.name' = '…') the job computes everything anew from its inputs."},
    {kUnavailable,
     "The log has stopped, because the process is ending or after an earlier error: look for\n"
     "the first message. Start it again; what was acknowledged is there."},
    {kOutOfOrderSequence,
     "A producer's batches of one partition did not come one behind the other. Kafka's clients\n"
     "send again what is missing; a client that keeps getting this is to be started anew."},
    {kStaleProducerEpoch,
     "Another producer with the same transactional.id has started since, and this one may not\n"
     "write any more. Give each running producer a transactional.id of its own."},
    {kInvalidTransactionState,
     "A transaction was ended that was not open, or added to while it was ending. Begin a new\n"
     "one; most clients do so by themselves."},
    {kGroupNotFound,
     "`millrace group list` lists the groups. One is made by its first member, or by\n"
     "`millrace group seek GROUP --new --topic TOPIC`; it goes when its offsets expire."},
    {kGroupActive,
     "The members read on from where they are, and their next commit would undo the change.\n"
     "Stop them, then run the command again; `millrace group describe GROUP` names them with\n"
     "their hosts. A member that died is forgotten after its session timeout (45 s)."},
    {kPartitionQuarantined,
     "Damaged data was found and is not served, so that nobody takes it for good. All other\n"
     "partitions work. Restore a backup, or give up what is damaged: `millrace log repair`."},
});

constexpr auto kJobsAndEnds = std::to_array<Guide>({
    {kJobFailed,
     "The message holds the reason. What was committed stands; the same script on the same\n"
     "--data goes on behind it when the reason is gone."},
    {kStateIncompatible,
     "The job's query, a table that it reads, or how the query is planned (SET 'optimizer', the\n"
     "version) has changed since its state was written. Bring that back, or give the query a\n"
     "name of its own (SET 'job.name' = '…'): it then reads everything anew."},
    {kInputChanged,
     "A file that was read in part is not the same any more, so the job cannot know where to\n"
     "go on. Bring the old content back and write new rows into new files, or give the job\n"
     "another name."},
    {kRowFailed,
     "The row is named in the message. Mend the input, or set 'on-error' = 'dead-letter' (such\n"
     "rows go to sys.errors), 'skip' or 'null' for the table."},
    {kUnknownConnector,
     "`millrace help connectors` lists those of this version. A table without 'connector' is a\n"
     "topic of the log in the data directory."},
    {kUnknownFormat,
     "`millrace help formats` lists those of this version, `millrace help json` the options of\n"
     "one."},
    {kMalformedFile,
     "The file is cut, compressed, or of another format than 'format' says. `file NAME` and\n"
     "`head -c 100 NAME` show what it really is. A backup with such a file cannot be restored:\n"
     "take the one before."},
    {kFormatUnavailable,
     "This program was built without the library for the format; `./dev build` fetches it and\n"
     "builds again."},
    {kMalformedRequest,
     "The bytes are no request of the protocol of this port: often the wrong port, or TLS\n"
     "where there is none."},
    {kRequestRefused,
     "The message holds the server's own code and reason; Kafka's documentation explains the\n"
     "code. A server that is too old or too new for a request says so, too."},
    {kAccessDenied,
     "The user lacks a right on the topic, the group or the cluster. Whoever runs the server\n"
     "can grant it; -X sasl.username=… says who you are."},
    {kAuthenticationFailed,
     "Look at user and password, at the mechanism (-X sasl.mechanisms=…), and for TLS at\n"
     "-X ssl.ca.location=FILE, with which the server's certificate is checked. Passwords stand\n"
     "in a file that --client-config names, not on the command line."},
    {kInternal,
     "A check inside of Millrace failed. What was committed is not affected. Please report the\n"
     "message, the statement and the version (`millrace --version`)."},
});

}  // namespace

std::string_view error_guide(ErrorCode code) {
  std::string_view text = "The message names the place and what to do.";
  const auto look = [&](const auto& guides) {
    const auto found = std::ranges::find(guides, code, &Guide::code);
    if (found != guides.end()) text = found->text;
  };
  look(kWorld);
  look(kSql);
  look(kRows);
  look(kLog);
  look(kJobsAndEnds);
  return text;
}

}  // namespace millrace::cli
