#include "support/http_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <list>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "support/tls_stream.hpp"

namespace inference_exp::testing {

namespace {

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<Request> parse_request(std::string_view head) {
  Request request;
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const std::size_t first = line.find(' ');
  const std::size_t second = line.rfind(' ');
  if (first == std::string_view::npos || first == second) return std::nullopt;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, second - first - 1);
  std::string_view place = request.target;
  if (const std::size_t scheme = place.find("://"); scheme != std::string_view::npos) {
    const std::size_t path = place.find('/', scheme + 3);
    place = path == std::string_view::npos ? std::string_view("/") : place.substr(path);
  }
  const std::size_t question = std::min(place.find('?'), place.size());
  request.path = place.substr(0, question);
  request.query = place.substr(std::min(question + 1, place.size()));
  for (std::size_t at = line.size() + 2; at < head.size();) {
    const std::size_t end = std::min(head.find("\r\n", at), head.size());
    const std::string_view field = head.substr(at, end - at);
    const std::size_t colon = field.find(':');
    if (colon != std::string_view::npos) {
      request.headers.emplace_back(lower_case(field.substr(0, colon)), std::string(trimmed(field.substr(colon + 1))));
    }
    at = end + 2;
  }
  return request;
}

/// A connected socket, with TLS or without. Closed by its owner under the server's lock.
class Stream {
 public:
  Stream(int socket, const TlsIdentity* identity) : socket_(socket) {
    if (identity != nullptr) tls_ = std::make_unique<TlsStream>(*identity, socket);
  }

  [[nodiscard]] bool handshake() { return !tls_ || tls_->handshake(); }

  [[nodiscard]] std::ptrdiff_t receive(std::span<char> into) {
    return tls_ ? tls_->receive(into) : ::recv(socket_, into.data(), into.size(), 0);
  }

  [[nodiscard]] bool send(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const std::ptrdiff_t sent = tls_ ? tls_->send(bytes) : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }
  [[nodiscard]] bool send(std::string_view text) { return send(std::as_bytes(std::span(text))); }

  /// Whether the kernel can copy files into it.
  [[nodiscard]] bool plain() const noexcept { return !tls_; }
  [[nodiscard]] int socket() const noexcept { return socket_; }

 private:
  int socket_;
  std::unique_ptr<TlsStream> tls_;
};

/// Up to and without the empty line; what follows stays in `buffer`. Nothing at the end of the connection.
std::optional<std::string> receive_head(Stream& stream, std::string& buffer) {
  constexpr std::size_t kLimit = 1 << 20;
  while (buffer.size() < kLimit) {
    if (const std::size_t end = buffer.find("\r\n\r\n"); end != std::string::npos) {
      std::string head = buffer.substr(0, end);
      buffer.erase(0, end + 4);
      return head;
    }
    char piece[16384];
    const std::ptrdiff_t received = stream.receive(piece);
    if (received <= 0) return std::nullopt;
    buffer.append(piece, static_cast<std::size_t>(received));
  }
  return std::nullopt;
}

std::string head_of(const Response& response, std::uint64_t size) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " Status\r\n";
  for (const auto& [name, value] : response.headers) head += name + ": " + value + "\r\n";
  if (response.framing == Response::Framing::chunked || response.endless) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (response.framing == Response::Framing::length || response.announced_length) {
    head += "Content-Length: " + std::to_string(response.announced_length.value_or(size)) + "\r\n";
  }
  if (response.ending == Ending::close) head += "Connection: close\r\n";
  return head + "\r\n";
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int value) : value_(value) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (value_ >= 0) ::close(value_);
  }
  [[nodiscard]] int get() const noexcept { return value_; }

 private:
  int value_;
};

/// Sends parts of a content, from memory or straight from a file.
class Sender {
 public:
  Sender(Stream& stream, const Content& content)
      : stream_(stream),
        content_(content),
        file_(content.file.empty() ? -1 : ::open(content.file.c_str(), O_RDONLY | O_CLOEXEC)) {}

  [[nodiscard]] bool send(std::uint64_t offset, std::size_t length) {
    if (file_.get() >= 0 && stream_.plain()) return send_file(static_cast<off_t>(offset), length);
    buffer_.resize(length);
    if (file_.get() >= 0) {
      const ssize_t got = ::pread(file_.get(), buffer_.data(), length, static_cast<off_t>(offset));
      if (got != static_cast<ssize_t>(length)) return false;
    } else if (content_.read) {
      content_.read(offset, buffer_);
    }
    return stream_.send(buffer_);
  }

 private:
  [[nodiscard]] bool send_file(off_t at, std::size_t length) {
    while (length > 0) {
      const ssize_t sent = ::sendfile(stream_.socket(), file_.get(), &at, length);
      if (sent <= 0) return false;
      length -= static_cast<std::size_t>(sent);
    }
    return true;
  }

  Stream& stream_;
  const Content& content_;
  FileDescriptor file_;
  std::vector<std::byte> buffer_;
};

}  // namespace

class HttpServer::State {
 public:
  explicit State(std::shared_ptr<const TlsIdentity> identity);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  void on(std::string path, Handler handler) {
    const std::lock_guard lock(mutex_);
    handlers_[std::move(path)] = std::make_shared<const Handler>(std::move(handler));
  }
  template <typename F>
  auto look(F&& reader) const {
    const std::lock_guard lock(mutex_);
    return reader(*this);
  }

  [[nodiscard]] bool tls() const noexcept { return identity_ != nullptr; }

  std::uint16_t port = 0;
  std::vector<Request> requests;
  std::size_t accepted = 0;
  std::size_t at_once = 0;
  std::size_t most_at_once = 0;
  std::atomic<std::uint64_t> body_bytes{0};

 private:
  struct Connection {
    int socket = -1;  ///< -1 once closed
    std::thread thread;
  };

  void accept_all();
  void serve(Connection& connection);
  /// Whether another request may follow on the same connection.
  [[nodiscard]] bool answer_one(Stream& stream, const Request& request);
  [[nodiscard]] bool send_body(Stream& stream, const Response& response, std::uint64_t size);
  [[nodiscard]] bool finish(Stream& stream, Ending ending);
  /// False when the server shuts down meanwhile.
  [[nodiscard]] bool wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !stopped_.wait_for(lock, time, [this] { return stopping_; });
  }

  const std::shared_ptr<const TlsIdentity> identity_;
  mutable std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::map<std::string, std::shared_ptr<const Handler>, std::less<>> handlers_;
  std::list<Connection> connections_;
  FileDescriptor listener_;
  FileDescriptor wake_up_;
  std::thread acceptor_;
};

HttpServer::State::State(std::shared_ptr<const TlsIdentity> identity)
    : identity_(std::move(identity)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      wake_up_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), generic, length) != 0 || ::listen(listener_.get(), SOMAXCONN) != 0 ||
      ::getsockname(listener_.get(), generic, &length) != 0) {
    throw std::runtime_error("The test server can't listen on loopback.");
  }
  port = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::State::~State() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const Connection& connection : connections_) {
      if (connection.socket >= 0) ::shutdown(connection.socket, SHUT_RDWR);
    }
  }
  stopped_.notify_all();
  const std::uint64_t one = 1;
  (void)!::write(wake_up_.get(), &one, sizeof one);
  acceptor_.join();
  for (Connection& connection : connections_) connection.thread.join();
}

void HttpServer::State::accept_all() {
  while (true) {
    pollfd ready[] = {{listener_.get(), POLLIN, 0}, {wake_up_.get(), POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return;
    if (ready[1].revents != 0) return;
    if (ready[0].revents == 0) continue;
    const int socket = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      ::close(socket);
      return;
    }
    ++accepted;
    Connection& connection = connections_.emplace_back();
    connection.socket = socket;
    connection.thread = std::thread([this, &connection] { serve(connection); });
  }
}

void HttpServer::State::serve(Connection& connection) {
  // sendfile and OpenSSL raise it when the client has gone.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);

  const int socket = look([&](const State&) { return connection.socket; });
  {
    Stream stream(socket, identity_.get());
    std::string buffer;
    bool goes_on = stream.handshake();
    while (goes_on) {
      const std::optional<std::string> head = receive_head(stream, buffer);
      if (!head) break;
      const std::optional<Request> request = parse_request(*head);
      if (!request) {
        (void)stream.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        break;
      }
      goes_on = answer_one(stream, *request);
    }
  }
  const std::lock_guard lock(mutex_);
  ::close(socket);
  connection.socket = -1;
}

bool HttpServer::State::answer_one(Stream& stream, const Request& request) {
  std::shared_ptr<const Handler> handler;
  {
    const std::lock_guard lock(mutex_);
    requests.push_back(request);
    most_at_once = std::max(most_at_once, ++at_once);
    auto found = handlers_.find(request.path);
    if (found == handlers_.end()) found = handlers_.find("*");
    if (found != handlers_.end()) handler = found->second;
  }
  Response response;
  (handler ? *handler : answer(404, "No such page."))(request, response);
  const std::uint64_t size = response.count.value_or(response.body.size - response.first);
  bool sent = true;
  if (response.raw) {
    sent = stream.send(*response.raw);
  } else if (response.status != 0) {
    sent = stream.send(head_of(response, size));
    if (sent && request.method != "HEAD") sent = send_body(stream, response, size);
  }
  {
    const std::lock_guard lock(mutex_);
    --at_once;
  }
  if (!sent) return false;
  const bool unframed = response.framing == Response::Framing::until_close || response.raw || response.status == 0 ||
                        (response.announced_length && response.announced_length != size);
  return finish(stream, unframed && response.ending == Ending::keep ? Ending::close : response.ending);
}

bool HttpServer::State::send_body(Stream& stream, const Response& response, std::uint64_t size) {
  Sender sender(stream, response.body);
  const std::uint64_t limit = std::min(size, response.cut_after.value_or(size));
  const bool chunked = response.framing == Response::Framing::chunked || response.endless;
  do {
    for (std::uint64_t done = 0; done < limit;) {
      if (done > 0 && response.pause.count() > 0 && !wait(response.pause)) return false;
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(limit - done, response.piece));
      char chunk[20] = {};
      if (chunked) {
        char* const end = std::to_chars(chunk, chunk + 16, length, 16).ptr;
        end[0] = '\r', end[1] = '\n';
        if (!stream.send(std::string_view(chunk))) return false;
      }
      if (!sender.send(response.first + done, length)) return false;
      if (chunked && !stream.send(std::string_view("\r\n"))) return false;
      done += length;
      body_bytes += length;
    }
  } while (response.endless && limit > 0);
  if (chunked && limit == size) return stream.send(std::string_view("0\r\n\r\n"));
  return true;
}

bool HttpServer::State::finish(Stream& stream, Ending ending) {
  if (ending == Ending::keep) return true;
  if (ending == Ending::reset) {
    const linger at_once_with_reset{1, 0};
    ::setsockopt(stream.socket(), SOL_SOCKET, SO_LINGER, &at_once_with_reset, sizeof at_once_with_reset);
    return false;
  }
  if (ending == Ending::silence) {
    // Until the client or this server ends the connection.
    char ignored[4096];
    while (stream.receive(ignored) > 0) continue;
  }
  return false;
}

HttpServer::HttpServer(std::shared_ptr<const TlsIdentity> identity)
    : state_(std::make_unique<State>(std::move(identity))) {}
HttpServer::~HttpServer() = default;

void HttpServer::on(std::string path, Handler handler) { state_->on(std::move(path), std::move(handler)); }
std::uint16_t HttpServer::port() const noexcept { return state_->port; }

std::string HttpServer::url(std::string_view path, std::string_view host) const {
  return (state_->tls() ? "https://" : "http://") + std::string(host) + ":" + std::to_string(port()) +
         std::string(path);
}

std::vector<Request> HttpServer::requests() const {
  return state_->look([](const State& state) { return state.requests; });
}
std::vector<Request> HttpServer::requests(std::string_view path) const {
  std::vector<Request> all = requests();
  std::erase_if(all, [&](const Request& request) { return request.path != path; });
  return all;
}
std::size_t HttpServer::count() const {
  return state_->look([](const State& state) { return state.requests.size(); });
}
std::size_t HttpServer::count(std::string_view path, std::string_view method) const {
  const std::vector<Request> all = requests(path);
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [&](const Request& request) { return method.empty() || request.method == method; }));
}
std::size_t HttpServer::connections() const {
  return state_->look([](const State& state) { return state.accepted; });
}
std::size_t HttpServer::most_at_once() const {
  return state_->look([](const State& state) { return state.most_at_once; });
}
std::uint64_t HttpServer::body_bytes_sent() const { return state_->body_bytes; }
void HttpServer::forget_requests() {
  state_->look([this](const State&) { state_->requests.clear(); });
}

}  // namespace inference_exp::testing
