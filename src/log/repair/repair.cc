#include "log/repair/repair.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "log/repair/examination.h"
#include "log/repair/kept_copy.h"
#include "log/ring/ring_files.h"
#include "log/settle/checkpoint.h"

namespace millrace::log {
namespace {

using LostFile = Examination::LostFile;

constexpr const char* kBackup = "nothing that could be given up would help: restore a backup";
constexpr const char* kOtherName =
    "its state: begin the job anew, under another name (SET 'job.name')";
// Where the ring is lost as a whole, nobody knows how far its numbers went.
constexpr uint64_t kLsnsSkipped = uint64_t{1} << 32;

std::string file_name(const SegmentName& name) {
  return fmt::format("{:016x}", name.number);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

Error refused(const RepairOptions& options, std::string what, std::string remedy) {
  return Error(ErrorCode::kInvalidOption, std::move(what))
      .at(options.data)
      .remedy(std::move(remedy));
}

// Counts what is read, for a progress line, and ends when it is told to.
class Reading {
 public:
  explicit Reading(const RepairOptions& options) : options_(options) {}

  Result<void> add(uint64_t bytes) {
    bytes_ += bytes;
    if (options_.watch) options_.watch({.bytes = bytes_});
    if (!options_.stop.stop_requested()) return {};
    return Error(ErrorCode::kCancelled, "the repair was interrupted; nothing was given up");
  }

 private:
  const RepairOptions& options_;
  uint64_t bytes_ = 0;
};

Result<std::unique_ptr<Examination>> examine(io::FileSystem& files, const RepairOptions& options) {
  Reading reading(options);
  return Examination::run(files, options.data, [&](uint64_t bytes) { return reading.add(bytes); });
}

// What an examination found, as choices.
class ChoiceList {
 public:
  explicit ChoiceList(Examination& found) : found_(found), names_(found.names()) {}

  Result<std::vector<RepairChoice>> take() {
    if (found_.hopeless()) {
      add(*found_.hopeless(), {.loses = kBackup});
      return std::move(choices_);
    }
    MILLRACE_TRY(add_ring());
    if (!found_.ring_failure()) MILLRACE_TRY(add_bad_bodies());
    for (const LostFile& lost : found_.lost_files()) add_file(lost);
    for (const PartitionMend& mend : found_.mends()) add_partition(mend);
    for (const commit::JobId job : found_.damaged_jobs()) add_job(job);
    return std::move(choices_);
  }

 private:
  void add(const Error& why, RepairChoice choice) {
    choice.place = std::string(why.place());
    choice.damage = std::string(why.message());
    choices_.push_back(std::move(choice));
  }

  Result<void> add_ring() {
    if (!found_.ring_failure()) return {};
    const auto& [why, at, begins_anew] = *found_.ring_failure();
    RepairChoice choice{.from = at};
    choice.loses = found_.log().ring() == nullptr
                       ? fmt::format("everything behind LSN {}", found_.settled().value())
                       : MILLRACE_TRY(found_.loss(at)).to_string(names_);
    add(why, std::move(choice));
    return {};
  }

  Result<void> add_bad_bodies() {
    for (const auto& [header, place] : found_.bad_bodies()) {
      const std::string loss = MILLRACE_TRY(found_.loss(header.lsn)).to_string(names_);
      add(Error(ErrorCode::kRingDamaged,
                fmt::format("{}: does not match its checksum", names_.of(header)))
              .at(place),
          {.from = header.lsn,
           .loses = loss + ". Less: start the server once, and stop it; then what is damaged "
                           "can be given up alone"});
    }
    return {};
  }

  void add_file(const LostFile& lost) {
    std::vector<std::string> parts;
    for (const PartitionMend& mend : found_.mends()) {
      if (mend.misses_files()) parts.push_back(mend.describe(names_.of(mend.id())));
    }
    for (const commit::JobId job : lost.jobs) {
      parts.push_back(fmt::format("{}: {}", names_.of(job), kOtherName));
    }
    add(lost.why, {.name = file_name(lost.name), .loses = joined(parts)});
  }

  // One that only misses a lost file goes with that.
  void add_partition(const PartitionMend& mend) {
    if (mend.misses_files() && !found_.lost_files().empty() && !mend.damage()) return;
    const std::string name = names_.of(mend.id());
    const Error why =
        mend.damage()
            ? *mend.damage()
            : Error(ErrorCode::kPartitionQuarantined, "the partition is quarantined").at(name);
    add(why,
        {.name = name,
         .loses = mend.whole() ? "nothing: all its records can be read" : mend.describe(name)});
  }

  void add_job(commit::JobId job) {
    const auto is_lost = [&](const LostFile& lost) {
      return std::ranges::find(lost.jobs, job) != lost.jobs.end();
    };
    if (std::ranges::any_of(found_.lost_files(), is_lost)) return;
    add(Error(ErrorCode::kCorruptState, "the job's state was found damaged").at(names_.of(job)),
        {.loses = kOtherName});
  }

  Examination& found_;
  const Names names_;
  std::vector<RepairChoice> choices_;
};

// One repair: what it is to give up, and how.
class Repair {
 public:
  Repair(io::FileSystem& files, const RepairOptions& options, Examination& found)
      : files_(files),
        options_(options),
        found_(found),
        names_(found.names()),
        carrier_(files, options.stop, options.watch) {}

  Result<Repaired> run() {
    if (found_.hopeless()) return *found_.hopeless();
    MILLRACE_TRY(options_.from ? give_up_entries(*options_.from) : give_up_names());
    return std::move(done_);
  }

 private:
  Result<void> check_entries(commit::Lsn from) const;
  Result<void> give_up_entries(commit::Lsn from);
  Result<void> cut_ring(const RingLoss& loss);
  Result<void> begin_anew(const RingLoss& loss);
  Result<void> replace_ring();
  Result<void> check_names() const;
  Result<void> give_up_names();
  Result<void> mend(Checkpoint& checkpoint, const PartitionMend& partition);
  Result<KeptCopy> keep_copy();
  Result<void> put(Checkpoint checkpoint);
  std::string file(const char* name) const { return io::join_path(options_.data, name); }
  bool is_named(const std::string& name) const {
    return std::ranges::find(options_.names, name) != options_.names.end();
  }
  // Of a partition, or a file that it misses.
  bool is_given_up(const PartitionMend& mend) const {
    return is_named(names_.of(mend.id())) || (mend.misses_files() && !found_.lost_files().empty());
  }

  io::FileSystem& files_;
  const RepairOptions& options_;
  Examination& found_;
  const Names names_;
  FileCarrier carrier_;
  Repaired done_;
};

Result<void> Repair::check_entries(commit::Lsn from) const {
  const auto refuse = [&](std::string what, std::string remedy) {
    return Result<void>(refused(options_, std::move(what), std::move(remedy)));
  };
  if (!options_.names.empty()) {
    return refuse("entries and names cannot be given up at once",
                  "Give up the entries first, and look again.");
  }
  const auto& failure = found_.ring_failure();
  commit::Lsn last;
  for (const auto& bad : found_.bad_bodies()) last = std::max(last, bad.header.lsn);
  if (failure) last = failure->at;
  if (last == commit::Lsn()) {
    return refuse("the entries of the log follow each other, and are whole",
                  "There is nothing to give up. `millrace restore` goes back to a backup.");
  }
  if (from > last) {
    return refuse(fmt::format("giving up what follows LSN {} does not help: LSN {} is damaged",
                              from.value(), last.value()),
                  fmt::format("Give up all from LSN {} on.", last.value()));
  }
  if (from > found_.settled() && (!failure || !failure->begins_anew || from == last)) return {};
  return refuse(
      fmt::format("LSN {} is in the checkpoint, with all up to LSN {}", from.value(),
                  found_.settled().value()),
      fmt::format("LSN {} is the first that can be given up.", found_.settled().value() + 1));
}

Result<void> Repair::give_up_entries(commit::Lsn from) {
  MILLRACE_TRY(check_entries(from));
  const bool has_ring = found_.log().ring() != nullptr;
  RingLoss loss;
  if (has_ring) loss = MILLRACE_TRY(found_.loss(from));
  done_.given_up.push_back(has_ring
                               ? loss.to_string(names_)
                               : fmt::format("everything behind LSN {}", found_.settled().value()));
  KeptCopy copy = MILLRACE_TRY(keep_copy());
  // Only the ring names them, and the next start removes what nobody names.
  for (const uint64_t number : found_.unsettled_files()) MILLRACE_TRY(copy.add_segment(number));
  if (!has_ring) return replace_ring();
  return found_.ring_failure() && found_.ring_failure()->begins_anew ? begin_anew(loss)
                                                                     : cut_ring(loss);
}

// Where no group begins any more with what is given up, the chain ends as if it had been torn
// there: whichever of these blocks a crash leaves, another repair, or a start, sees what it has to.
Result<void> Repair::cut_ring(const RingLoss& loss) {
  const auto ring = MILLRACE_TRY(RingFiles::open(files_, {.folder = file("ring")}));
  for (const uint64_t address : loss.groups) MILLRACE_TRY(ring->zero(address, kBlockBytes));
  const uint64_t end = loss.point.address;
  const uint64_t block = round_up(end, kBlockBytes);
  if (block != end) MILLRACE_TRY(ring->zero(end, block - end));
  return ring->sync_all();
}

// The chain goes on where it broke, behind every number that was ever used: nothing that stands in
// the ring can be taken for what follows.
Result<void> Repair::begin_anew(const RingLoss& loss) {
  Checkpoint checkpoint = *found_.log().checkpoint();
  checkpoint.open_units.clear();
  checkpoint.settled = std::max(checkpoint.settled, loss.last);
  checkpoint.point = loss.point;
  checkpoint.point.next_lsn = checkpoint.settled.next();
  return put(std::move(checkpoint));
}

Result<void> Repair::replace_ring() {
  Checkpoint checkpoint = *found_.log().checkpoint();
  checkpoint.open_units.clear();
  checkpoint.settled = commit::Lsn(checkpoint.settled.value() + kLsnsSkipped);
  checkpoint.point = RingPoint{.next_lsn = checkpoint.settled.next()};
  MILLRACE_TRY(put(std::move(checkpoint)));
  MILLRACE_TRY(io::remove_tree(files_, file("ring")));
  MILLRACE_TRY(files_.make_folders(file("ring")));
  MILLRACE_TRY(RingFiles::make(files_, file("ring"), {RingFilesOptions().first_bytes}));
  return {};
}

Result<void> Repair::check_names() const {
  if (const auto& failure = found_.ring_failure()) {
    return refused(
        options_, "the order of entries is broken, and comes first",
        fmt::format("Give up all from LSN {} on, then look again.", failure->at.value()));
  }
  for (const auto& bad : found_.bad_bodies()) {
    for (const PartitionRow& row : bad.header.rows) {
      if (!is_named(names_.of(row.partition))) continue;
      return refused(
          options_,
          fmt::format("what is damaged of '{}' is still in the ring", names_.of(row.partition)),
          "Start the server once and stop it, which takes it out of there.");
    }
  }
  std::vector<std::string> known;
  for (const LostFile& lost : found_.lost_files()) {
    known.push_back(file_name(lost.name));
    if (is_named(known.back())) continue;
    return refused(options_, fmt::format("the file {} is missing, too", known.back()),
                   "All such files have to be given up at once.");
  }
  for (const PartitionMend& mend : found_.mends()) known.push_back(names_.of(mend.id()));
  for (const std::string& name : options_.names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return refused(options_, fmt::format("nothing of '{}' is damaged that could be given up", name),
                   "`millrace log repair` without a choice shows what there is.");
  }
  return {};
}

Result<void> Repair::give_up_names() {
  MILLRACE_TRY(check_names());
  KeptCopy copy = MILLRACE_TRY(keep_copy());
  Checkpoint checkpoint = *found_.log().checkpoint();
  for (const LostFile& lost : found_.lost_files()) {
    MILLRACE_TRY(copy.add_segment(lost.name.number));
    for (const commit::JobId job : lost.jobs) {
      done_.given_up.push_back(fmt::format("{}: {}", names_.of(job), kOtherName));
    }
  }
  for (const PartitionMend& partition : found_.mends()) {
    if (!is_given_up(partition)) continue;
    for (const uint64_t number : partition.damaged_files()) {
      MILLRACE_TRY(copy.add_segment(number));
    }
    MILLRACE_TRY(mend(checkpoint, partition));
  }
  return put(std::move(checkpoint));
}

Result<void> Repair::mend(Checkpoint& checkpoint, const PartitionMend& partition) {
  const SegmentPtr file = MILLRACE_TRY(partition.write(found_.log().segments()));
  if (file != nullptr) checkpoint.segments.push_back({file->name(), {}});
  const auto ends =
      std::ranges::find(checkpoint.partitions, partition.id(), &Checkpoint::PartitionEnds::id);
  ends->start_offset = partition.start_offset();
  ends->quarantined = false;
  done_.given_up.push_back(partition.whole() ? names_.of(partition.id()) + ": nothing"
                                             : partition.describe(names_.of(partition.id())));
  return {};
}

Result<KeptCopy> Repair::keep_copy() {
  auto copy = MILLRACE_TRY(KeptCopy::make(files_, options_.data, carrier_));
  done_.copy = copy.folder();
  return copy;
}

Result<void> Repair::put(Checkpoint checkpoint) {
  const std::string folder = found_.log().checkpoint_folder();
  for (const uint64_t known : MILLRACE_TRY(checkpoint_generations(files_, folder))) {
    checkpoint.generation = std::max(checkpoint.generation, known);
  }
  ++checkpoint.generation;
  checkpoint.next_segment =
      std::max(checkpoint.next_segment, found_.log().segments().next_number());
  MILLRACE_TRY(write_checkpoint(files_, folder, checkpoint));
  return {};
}

}  // namespace

Result<std::vector<RepairChoice>> find_choices(io::FileSystem& files,
                                               const RepairOptions& options) {
  const auto found = MILLRACE_TRY(examine(files, options));
  return ChoiceList(*found).take();
}

Result<Repaired> repair(io::FileSystem& files, const RepairOptions& options) {
  const auto found = MILLRACE_TRY(examine(files, options));
  return Repair(files, options, *found).run();
}

}  // namespace millrace::log
