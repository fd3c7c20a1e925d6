"""The plugin that shows opencode's agent at the start of a session where it stands, as other programs' hooks do.

opencode has no hooks that run commands: a plugin is a module with a default export of `id` and `setup`.
https://opencode.ai/docs/build/plugins documents this interface, of version 2; version 1 had another one.
"""

from __future__ import annotations

PLUGIN = """\
// Gives the agent the output of `pm prime` at the start of a session, and ends its session on the board.
import { execFile } from "node:child_process"

const LONGEST = 3000 // milliseconds

// Return what `pm hook` has to say of an event; nothing on a machine without pm, or where there is no board.
function hook(event, sessionID, cwd) {
  return new Promise((resolve) => {
    const done = (error, stdout) => {
      try {
        resolve(error || !stdout ? "" : String(JSON.parse(stdout).additionalContext ?? ""))
      } catch {
        resolve("")
      }
    }
    const child = execFile("pm", ["hook", "opencode", event], { cwd, timeout: LONGEST }, done)
    child.stdin?.on("error", () => {})
    child.stdin?.end(JSON.stringify({ session_id: sessionID }))
  })
}

export default {
  id: "pm",
  async setup(ctx) {
    const cwd = ctx.location?.directory
    const contexts = new Map() // by session: what its agent gets with each request
    const end = async (sessionID) => {
      if (contexts.delete(sessionID)) await hook("session.deleted", sessionID, cwd)
    }
    await ctx.session.hook("context", async (event) => {
      const { sessionID } = event
      if (!contexts.has(sessionID)) contexts.set(sessionID, hook("session.created", sessionID, cwd))
      const text = await contexts.get(sessionID)
      if (text) event.system.push({ type: "text", text })
    })
    const stop = new AbortController()
    const watch = async () => {
      for await (const event of ctx.event.subscribe({ signal: stop.signal }))
        if (event.type === "session.deleted") await end(event.data?.sessionID)
    }
    const watching = watch().catch(() => {})
    return async () => {
      stop.abort()
      await watching
      await Promise.all([...contexts.keys()].map(end))
    }
  },
}
"""
