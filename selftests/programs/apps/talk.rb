# SPDX-License-Identifier: GPL-2.0
#
# The same as talk.c, in Ruby: no package has the calls, so they are looked up in
# libc with Ruby's own Fiddle.
#
# usage: talk.rb KEY SLOT LAST TEXT
require "fiddle"

SLOT = 64
SIZE = 4096
IPC_CREAT = 0o1000

def call(name, returns, *takes)
  Fiddle::Function.new(Fiddle::Handle::DEFAULT[name], takes, returns)
end

SHMGET = call("shmget", Fiddle::TYPE_INT, Fiddle::TYPE_INT,
              Fiddle::TYPE_SIZE_T, Fiddle::TYPE_INT)
SHMAT = call("shmat", Fiddle::TYPE_INTPTR_T, Fiddle::TYPE_INT,
             Fiddle::TYPE_VOIDP, Fiddle::TYPE_INT)
SHMDT = call("shmdt", Fiddle::TYPE_INT, Fiddle::TYPE_VOIDP)

# The text of a slot, as soon as there is one.
def text(memory, slot)
  900.times do
    found = memory[slot * SLOT, SLOT].delete("\0")
    return found unless found.empty?
    sleep 0.1
  end
  abort "nobody wrote into slot #{slot}"
end

own, last = ARGV[1, 2].map(&:to_i)
id = SHMGET.call(Integer(ARGV[0]), SIZE, IPC_CREAT | 0o600)
abort "shmget: error #{Fiddle.last_error}" if id.negative?
at = SHMAT.call(id, nil, 0)
abort "shmat: error #{Fiddle.last_error}" if at == -1
memory = Fiddle::Pointer.new(at, SIZE)
own.times { |slot| puts text(memory, slot) }
memory[own * SLOT, ARGV[3].bytesize] = ARGV[3]
text(memory, last)
abort "shmdt: error #{Fiddle.last_error}" unless SHMDT.call(at).zero?
