#include "hub/download_file.hpp"

#include <algorithm>
#include <array>
#include <thread>

#include "core/log.hpp"
#include "core/text.hpp"
#include "hub/cache_layout.hpp"
#include "hub/download_fetch.hpp"
#include "hub/download_watchers.hpp"
#include "hub/file_lock.hpp"
#include "hub/stopping.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

namespace {

/// Hashing is about as fast as this, one byte after the other. A connection that keeps it busy is not helped by others,
/// and as long as there is one only, hashing keeps up with it.
constexpr double kFastEnoughBytesPerSecond = 400e6;
constexpr milliseconds kRampUp{100};

bool is_there(const fs::path& target) {
  std::error_code error;
  const fs::file_status status = fs::status(target, error);
  if (!fs::exists(status)) return false;
  if (fs::is_regular_file(status)) return true;
  throw ModelCacheError(target.string() + " is in the way: it is not a regular file.", "Remove it.");
}

FileLock lock_target(const fs::path& target, milliseconds timeout, const std::stop_token& stop) {
  return lock_unless_stalled(
      lock_file_of(target), timeout, [&] { return last_growth_of(target); }, stop);
}

/// Whether the bytes begin as a page for people does: the usual thing to get from a captive portal or a login.
bool looks_like_web_page(const PartFile& part) {
  std::array<std::byte, 256> buffer{};
  const std::size_t count = part.read_at(0, buffer);
  std::string text;
  for (const std::byte byte : std::span(buffer).first(count)) text.push_back(static_cast<char>(byte));
  text = lower_case(text);
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  const std::string_view trimmed = std::string_view(text).substr(std::min(start, text.size()));
  return trimmed.starts_with("<!doctype html") || trimmed.starts_with("<html");
}

[[noreturn]] void throw_mismatch(const DownloadTask& task, const PartFile& part, const DownloadedFile& file) {
  const std::string message = "\"" + task.handle + "\" was downloaded with " + std::to_string(file.bytes) +
                              " bytes and MD5 " + file.md5 + ", but " + *task.md5 + " was announced.";
  if (looks_like_web_page(part)) {
    throw FileHashSumMissmatch(message + " What came looks like a web page.",
                               "A proxy, a login or a captive portal stands between this machine and the server: open "
                               "the network in a browser, or set https_proxy.");
  }
  throw FileHashSumMissmatch(message,
                             "Try again; if it stays so, the file on the server is damaged: tell the provider.");
}

/// One file that is not there, under its lock.
class FileDownload {
 public:
  FileDownload(HttpClient& client, const DownloadTask& task, const DownloadSettings& settings, FileProgress& progress,
               const std::stop_token& stop)
      : settings_(settings),
        task_(task),
        part_(task.target),
        context_{client, task, settings, part_, progress, stop},
        verified_(settings.verify_md5 && task.md5) {}

  DownloadedFile run() {
    if (part_.created() && settings_.on_file_created) settings_.on_file_created(part_.path());
    try {
      return fetch_and_publish();
    } catch (const FileHashSumMissmatch&) {
      part_.discard();
      throw;
    } catch (...) {
      part_.settle(verified_);
      throw;
    }
  }

 private:
  DownloadedFile fetch_and_publish() {
    const FileProbe probe = probe_file(context_.client, task_.url, context_.stop);
    throw_if_stopped(context_.stop);
    PartIdentity identity = probe.answer ? identity_from(*probe.answer) : PartIdentity{};
    identity.md5 = task_.md5.value_or("");
    part_.begin(std::move(identity), verified_);
    if (const std::optional<std::uint64_t> size = part_.identity().size) check_size(*size);

    // Both end before the part is settled.
    PartHasher md5(part_, HashKind::md5);
    PartHasher sha256(part_, HashKind::sha256);
    PartRecorder recorder(part_, settings_.record_every_bytes, settings_.record_every);
    fetch(probe);
    part_.seal();
    DownloadedFile file{.fetched = true, .bytes = part_.complete_bytes(), .md5 = {}, .sha256 = {}};
    context_.progress.enter(DownloadProgress::Phase::verify, file.bytes, file.bytes);
    recorder.finish();
    file.md5 = md5.finish();
    file.sha256 = sha256.finish();
    if (verified_ && file.md5 != *task_.md5) throw_mismatch(task_, part_, file);
    throw_if_stopped(context_.stop);
    part_.publish();
    if (settings_.on_file_renamed) settings_.on_file_renamed(part_.path(), task_.target);
    return file;
  }

  void check_size(std::uint64_t size) const {
    if (size > settings_.max_file_bytes) {
      throw ModelRetrievalError("\"" + task_.handle + "\" has " + std::to_string(size) + " bytes; at most " +
                                    std::to_string(settings_.max_file_bytes) + " are allowed.",
                                "The server offers something that is not a model file; tell the provider.");
    }
    part_.require_room_for(size);
  }

  void fetch(const FileProbe& probe) {
    try {
      const std::optional<std::uint64_t> size = probe.size();
      if (size && *size >= settings_.ranges_from_bytes && probe.serves_ranges()) return fetch_ranges(*size);
      return Fetch(context_, FetchMode::rest).run();
    } catch (const RangeRequestNotSupportedError& error) {
      log_warning(std::string(error.what()) + " The file is downloaded as a whole instead.");
    }
    Fetch(context_, FetchMode::whole).run();
  }

  void fetch_ranges(std::uint64_t size) {
    std::vector<ByteRange> missing;
    const ByteSet complete = part_.complete();
    for (const ByteRange range : split_into_ranges(size, 8, settings_.min_range_bytes)) {
      std::ranges::copy(complete.missing(range), std::back_inserter(missing));
    }
    // A range that fails stops the others of this file, not the other files: there may be another way.
    std::stop_source stop;
    const std::stop_callback pass_on(context_.stop, [&stop] { stop.request_stop(); });
    FileContext context = context_;
    context.stop = stop.get_token();
    run_side_by_side(
        missing.size(), settings_.parallel_ranges, stop, [&](std::size_t i) { Fetch(context, missing[i]).run(); },
        [&] { return wait_until_more_would_help(context.stop); });
  }

  /// False when it is over before that.
  [[nodiscard]] bool wait_until_more_would_help(const std::stop_token& stop) const {
    while (!stop.stop_requested()) {
      const auto start = std::chrono::steady_clock::now();
      const std::uint64_t before = part_.growth().written;
      sleep_unless_stopped(kRampUp, stop);
      const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
      const PartFile::Growth now = part_.growth();
      if (part_.identity().size == part_.complete_bytes()) return false;
      if (static_cast<double>(now.written - before) < kFastEnoughBytesPerSecond * time.count()) return true;
    }
    return false;
  }

  const DownloadSettings& settings_;
  const DownloadTask& task_;
  PartFile part_;
  FileContext context_;
  bool verified_;
};

}  // namespace

std::optional<std::uint64_t> FileProbe::size() const { return answer ? answer->content_length() : std::nullopt; }

bool FileProbe::serves_ranges() const {
  return answer && answer->header("accept-ranges").value_or("").find("bytes") != std::string_view::npos;
}

FileProbe probe_file(HttpClient& client, const std::string& url, const std::stop_token& stop) {
  HttpRequest request;
  request.url = url;
  request.method = HttpRequest::Method::head;
  request.stop = stop;
  HttpResult result = client.send(
      request, [](const HttpResponse&) { return true; }, [](std::span<const std::byte>) { return true; });
  if (result.failure || result.response.status != 200) {
    log(LogLevel::debug, "HEAD tells nothing of " + public_form(url) + ".");
    return {};
  }
  return {std::move(result.response)};
}

DownloadedFile download_file(HttpClient& client, const DownloadTask& task, const DownloadSettings& settings,
                             FileProgress& progress, const std::stop_token& stop) {
  const auto finish = [&](DownloadedFile file) {
    progress.enter(DownloadProgress::Phase::done, file.bytes, file.bytes);
    return file;
  };
  const auto found = [&] {
    std::error_code ignored;
    const std::uintmax_t size = fs::file_size(task.target, ignored);
    return DownloadedFile{.fetched = false, .bytes = ignored ? 0 : size, .md5 = {}, .sha256 = {}};
  };
  if (is_there(task.target)) return finish(found());
  make_folder(task.target.parent_path());
  const FileLock lock = lock_target(task.target, settings.lock_timeout, stop);
  if (is_there(task.target)) return finish(found());
  return finish(FileDownload(client, task, settings, progress, stop).run());
}

}  // namespace inference_exp::hub
