import express from 'express';
import { expressSignalHandler } from 'nestjs-signpost/client';
import { secrets, wake } from './inbox.js';

// The route stands before app.use(express.json()), which would take the bytes away.
const app = express().post('/signals', expressSignalHandler({ secrets, onSignal: wake }));
app.listen(Number(process.env.PORT ?? 4000), '127.0.0.1');
