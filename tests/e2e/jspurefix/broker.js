/**
 * A broker on jspurefix, in a process of its own, steered by lines of JSON; one connection is one process.
 *
 *     node broker.js SETTINGS NUMBERS
 *
 * SETTINGS is a file that holds jspurefix's session description, NUMBERS one that keeps the sequence numbers. In:
 * `{"do": "send", "msgType": "D", "fields": {"ClOrdID": "A", …}}` and `{"do": "logout"}`. Out: one object a line: what
 * the session did (`ready`, `stopped`), each message in and out as text, and what jspurefix warns of. What comes in is
 * validated by the dictionary that the description names; what jspurefix finds wrong it answers with a Reject, which
 * shows.
 */
'use strict'

require('reflect-metadata')
const fs = require('fs')
const readline = require('readline')
const {
  AsciiSession, FixMsgStoreRecord, JsFixLoggerFactory, MemorySessionStoreFactory, SessionLauncher
} = require('jspurefix')

function say (what) {
  process.stdout.write(JSON.stringify(what) + '\n')
}

class Log {
  constructor (type) {
    this.type = type
  }

  isEnabled () { return false }
  debug () {}
  info () {}
  warning (text) { say({ event: 'warning', from: this.type, text }) }
  error (error) { say({ event: 'error', from: this.type, text: error.message }) }
}

class Logs extends JsFixLoggerFactory {
  logger (type) { return new Log(type) }
  plain (name) { return new Log(name) }
}

/**
 * Keeps the sequence numbers for the next process. jspurefix's own file store begins a write at every change and does
 * not wait for the one before: on a busy machine an older number may be written last. This one writes at the end.
 */
class Numbers extends MemorySessionStoreFactory {
  create (id) {
    const file = process.argv[3]
    const store = super.create(id)
    if (fs.existsSync(file)) Object.assign(store, JSON.parse(fs.readFileSync(file, 'utf8')))
    process.on('exit', () => {
      const { senderSeqNum, targetSeqNum } = store
      fs.writeFileSync(file, JSON.stringify({ senderSeqNum, targetSeqNum }))
    })
    return store
  }
}

/** Tells of everything, and keeps what it sends so that it can be sent again. */
class Broker extends AsciiSession {
  constructor (config) {
    super(config)
    this.checkMsgIntegrity = true
  }

  order (msgType, fields) {
    const message = { ...fields, TransactTime: new Date() }
    this.send(msgType, message, (error, { header }) => {
      if (error) throw error
      this.store.put(new FixMsgStoreRecord(msgType, header.SendingTime, header.MsgSeqNum, message))
    })
  }

  onLogon () { return true }
  onReady () { say({ event: 'ready' }) }
  onApplicationMsg (msgType, view) { say({ event: 'application', msgType, fields: view.toObject() }) }
  onDecoded (_msgType, text) { say({ event: 'in', text }) }
  onEncoded (_msgType, text) { say({ event: 'out', text }) }
  onStopped (error) { say({ event: 'stopped', error: error?.message ?? '' }) }
}

class Launcher extends SessionLauncher {
  makeFactory () {
    return {
      makeSession: config => {
        config.sessionStoreFactory = new Numbers()
        return (this.session = new Broker(config))
      }
    }
  }
}

const launcher = new Launcher(JSON.parse(fs.readFileSync(process.argv[2], 'utf8')), null, new Logs())
const lines = readline.createInterface({ input: process.stdin })
lines.on('line', line => {
  const order = JSON.parse(line)
  if (order.do === 'send') launcher.session.order(order.msgType, order.fields)
  else launcher.session.done()
})
launcher.run()
  .catch(error => say({ event: 'failed', text: error.message }))
  .finally(() => lines.close())
