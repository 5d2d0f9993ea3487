-- What a program does with ljsyscall; prints what came out. Run by LuaJIT and by Lua 5.4: `spec/ljsyscall_spec.lua` compares.
--
--     lua5.4 script.lua DIRECTORY        an empty one, to work in

-- What it wants of standard Lua: a `tonumber` that knows cdata, and (beside this file) a `bit`.
if not rawget(_G, "jit") then rawset(_G, "tonumber", require("ffi").tonumber) end

local S = require("syscall")
local assert = require("syscall.helpers").assert
local t, c = S.t, S.c
local directory = arg[1]

local function show(name, ...)
  local out = {}
  for i = 1, select("#", ...) do out[i] = tostring((select(i, ...))) end
  print(name, table.concat(out, ", "))
end

local function path(name) return directory .. "/" .. name end

-- Files: descriptors are metatypes with methods, flags come by name.
local fd = assert(S.open(path("file"), "creat, rdwr, trunc", "rusr, wusr"))
show("write", fd:write("hello, world"))
show("pwrite", fd:pwrite("HELLO", nil, 0))
local buffer = t.buffer(16)
show("pread", fd:pread(buffer, 12, 0))
show("buffer", require("ffi").string(buffer, 12))
local stat = assert(fd:stat())
show("stat", stat.size, stat.isreg, stat.isdir, stat.nlink, stat.mode % 512)
assert(fd:truncate(5))
show("truncated", assert(S.stat(path("file"))).size)
show("chmod", S.chmod(path("file"), "rusr"), assert(S.stat(path("file"))).mode % 512)
assert(fd:close())

-- Vectors of buffers.
local vector = assert(S.open(path("vector"), "creat, rdwr", "rusr, wusr"))
show("writev", vector:writev({ "one ", "two ", "three" }))
show("whole", S.util.readfile(path("vector")))
assert(vector:close())

-- Errors are metatypes that know their names.
local none, err = S.open(path("none"), "rdonly")
show("error", none, err, err.NOENT, err.ACCES, err.errno == c.E.NOENT)
show("bad descriptor", select(2, S.read(1234)).BADF)

-- Directories.
assert(S.mkdir(path("sub"), "rusr, wusr, xusr"))
assert(S.symlink("file", path("link")))
show("link", S.readlink(path("link")))
local names = {}
for name in S.util.ls(directory) do names[#names + 1] = name end
table.sort(names)
show("names", table.concat(names, " "))
assert(S.rename(path("file"), path("sub/moved")))
assert(S.unlink(path("sub/moved")))
assert(S.rmdir(path("sub")))

-- Pipes, sockets, what may be read.
local reader, writer = assert(S.pipe())
assert(writer:write("through a pipe"))
local polled = t.pollfds({ { fd = reader, events = "in" } })
show("poll", S.poll(polled, 0) ~= nil, polled.pfd[0].revents == c.POLL.IN)
show("pipe", reader:read())
assert(reader:close())
assert(writer:close())
local a, b = assert(S.socketpair("unix", "stream"))
assert(a:send("by a socket"))
local got = assert(b:recv(buffer, 16))
show("socket", got, require("ffi").string(buffer, got))
assert(a:close())
assert(b:close())

local server = assert(S.socket("inet", "stream, cloexec"))
assert(server:bind(t.sockaddr_in(0, "loopback")))
local bound = assert(server:getsockname())
show("address", bound.addr, bound.port > 0, bound.family == c.AF.INET)
assert(server:close())
local six = t.sockaddr_in6(1234, "::1")
show("address of 6", six.addr, six.port)
show("address by parts", t.in_addr("127.0.0.1"), t.in6_addr("fe80::1:2"))

-- epoll, timers, signals.
local ep = assert(S.epoll_create())
local event, peer = assert(S.pipe())
assert(ep:epoll_ctl("add", event, "in"))
assert(peer:write("x"))
local ready = t.epoll_events(1)
local count = 0
for _, e in assert(ep:epoll_wait(ready, 0)) do
  count = count + 1
  show("epoll", e.IN, e.OUT, e.fd == event:getfd())
end
show("epoll events", count)
assert(ep:close())
assert(event:close())
assert(peer:close())
local set = t.sigset("term, int")
show("signals", set.term, set.int, set.hup)
show("time", t.timespec(1.5), t.timeval({ 2, 250000 }).time)
show("uname", S.uname().sysname)

-- Memory.
local map = assert(S.mmap(nil, 4096, "read, write", "private, anonymous", -1, 0))
local bytes = require("ffi").cast("uint8_t *", map)
bytes[10] = 77
show("mmap", bytes[9], bytes[10], S.munmap(map, 4096))
