import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { OperatorStreamToken } from './operator-stream-token.entity';
import { StreamTokenService } from './stream-token.service';
import { TokenService } from './token.service';

@Global()
@Module({
  imports: [TypeOrmModule.forFeature([OperatorStreamToken])],
  providers: [StreamTokenService, TokenService],
  exports: [StreamTokenService, TokenService],
})
export class AuthModule {}
