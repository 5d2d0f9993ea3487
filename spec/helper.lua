-- What the specs share: the module, the fixture library, and loops that turn rows into tests.
local helper = {}
local root = os.getenv("CDATA_ROOT") or "."
helper.root = root
helper.ffi = require("ffi")
helper.ffi.cdef [[
int8_t add_i8(int8_t, int8_t); uint8_t add_u8(uint8_t, uint8_t); int16_t add_i16(int16_t, int16_t);
int64_t same_i64(int64_t); uint64_t same_u64(uint64_t); bool not_bool(bool); float half_f(float); long double twice_ld(long double);
int sum_10i(int, int, int, int, int, int, int, int, int, int);
double sum_10d(double, double, double, double, double, double, double, double, double, double);
float sum_10f(float, float, float, float, float, float, float, float, float, float);
double mixed(int, double, int8_t, float, int64_t, const char *);
struct small { int a, b; }; struct floats { float x, y; }; struct large { int64_t v[6]; }; struct halves { double d; int i; };
union number { int i; float f; double d; };
struct small swap_small(struct small); struct floats scale(struct floats, float); struct large next_large(struct large);
struct halves halve(struct halves); union number as_double(union number);
double complex times_i(double complex); float complex times_if(float complex); int sum_struct(const struct small *);
int sum_ints(int n, ...); double sum_doubles(int n, ...); int first_of_pointed(int n, ...); int sum_smalls(int n, ...); int64_t sum_larges(int n, ...);
extern int counter; extern const int constant; extern struct small global_small; extern const char *global_text; extern int numbers[4];
extern int new_name __asm__("renamed_" "variable"); int new_function(void) asm("renamed_function");
extern void *null_pointer; extern uint64_t big_unsigned;
struct node { struct node *next; int value; };
struct node *list(void); void *null(void); int is_null(const void *); const char *text(void); uint64_t all_ones(void); int fail_with(int);
typedef int (*binary)(int, int);
int call_twice(binary, int, int); int call_sum(binary, int); binary get_binary(void);
struct holder { binary f; void *data; }; int call_held(struct holder *, int, int); void keep(binary); int call_kept(int, int);
double call_10d(double (*)(double, double, double, double, double, double, double, double, double, double));
struct small call_small(struct small (*)(struct small), int, int); struct large call_large(struct large (*)(struct large));
long double call_ld(long double (*)(long double), long double); double complex call_complex(double complex (*)(double complex), double complex);
int call_text(int (*)(const char *, int), const char *); int64_t call_i64(int64_t (*)(int64_t), int64_t); int nested(int (*)(int), int);
int call_kept_on_thread(void); int put(void *file, const char *);
]]
helper.fixture = os.getenv("CDATA_FIXTURE") or root .. "/build/libfixture.so"
helper.lib = helper.ffi.load(helper.fixture)

-- A fresh name for a declaration of a test's own.
local count = 0
function helper.name(prefix)
  count = count + 1
  return (prefix or "t") .. "_" .. count
end

-- The words of an error: raised by f, without its place.
function helper.words(f, ...)
  local ok, err = pcall(f, ...)
  if ok then return nil end
  return type(err) == "string" and err:gsub("^[^:]+:%d+: ", "") or err
end

-- Fails unless f raises an error with these words in it.
function helper.fails(words, f, ...)
  local message = helper.words(f, ...)
  if type(message) ~= "string" or not message:find(words, 1, true) then
    error(("'%s' expected, got: %s"):format(words, tostring(message)), 2)
  end
end

-- Runs a command of the shell: what it prints and complains, whether it succeeded, its status.
function helper.run(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1"))
  local text = pipe:read("a")
  local ok, _, status = pipe:close()
  return text, ok, status
end

-- A file of the checkout; nothing if there is none.
function helper.read(name)
  local file <close> = io.open(root .. "/" .. name)
  return file and file:read("a")
end

-- An order of ints for qsort.
function helper.compare(a, b) return helper.ffi.cast("const int *", a)[0] - helper.ffi.cast("const int *", b)[0] end

-- Runs a test. Without machine code of our own (`make portable`), what libffi cannot describe may say that it is not served.
function helper.where_served(run)
  if not os.getenv("CDATA_PORTABLE") then return run() end
  local ok, result = pcall(run)
  if not ok and not tostring(result):find("NYI: .* by value") then error(result, 0) end
  return not ok or result
end

return helper
